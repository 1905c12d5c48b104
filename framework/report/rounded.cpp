// Numbers as a page needs them.
#include "framework/report/rounded.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace bv2 {

double rounded(double value) {
  if (!std::isfinite(value)) return value;
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "{:.5g}", value);
  double result = value;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

std::optional<double> rounded(const std::optional<double>& value) {
  return value ? std::optional(rounded(*value)) : std::nullopt;
}

std::optional<Interval> rounded(const std::optional<Interval>& interval) {
  if (!interval) return std::nullopt;
  return Interval{rounded((*interval)[0]), rounded((*interval)[1])};
}

}  // namespace bv2
