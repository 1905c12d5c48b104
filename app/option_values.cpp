// The values of options: text to numbers and known names, with errors that name the option.
#include "app/option_values.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"

namespace bv2::app {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

/// Levenshtein: the insertions, deletions and replacements of one letter that lead from one to the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// What may stand behind a number.
struct Unit {
  std::string_view name;
  double factor;
};

/// The number times the factor of the unit behind it; nothing where the text is not of that form.
std::optional<double> parse_quantity(std::string_view text, std::span<const Unit> units) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  const auto name = lower(std::string_view(end, static_cast<std::size_t>(text.data() + text.size() - end)));
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (unit == units.end()) return std::nullopt;
  return value * unit->factor;
}

}  // namespace

std::int64_t parse_integer(std::string_view option, std::string_view text, std::int64_t least,
                           std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && value >= least && value <= most) return value;
  fail<UsageError>("{}: '{}' does not fit; give a whole number from {} to {}", option, text, least, most);
}

std::int64_t parse_duration_ns(std::string_view option, std::string_view text) {
  constexpr std::array units{Unit{"", 1e9},   Unit{"ms", 1e6},   Unit{"s", 1e9},
                             Unit{"m", 60e9}, Unit{"min", 60e9}, Unit{"h", 3600e9}};
  const auto value = parse_quantity(text, units);
  if (value && *value >= 0 && *value < 1e18) return std::llround(*value);
  fail<UsageError>("{}: '{}' is no time; give a number with ms, s, m or h, such as 90s", option, text);
}

std::int64_t parse_bytes(std::string_view option, std::string_view text) {
  constexpr std::array units{Unit{"", 1}, Unit{"k", 1 << 10}, Unit{"m", 1 << 20}, Unit{"g", 1 << 30}};
  const auto value = parse_quantity(text, units);
  if (value && *value >= 1 && *value < 1e18) return std::llround(*value);
  fail<UsageError>("{}: '{}' is no amount of memory; give a number with k, m or g, such as 4g", option, text);
}

double parse_share(std::string_view option, std::string_view text) {
  constexpr std::array units{Unit{"", 1}, Unit{"%", 0.01}};
  const auto value = parse_quantity(text, units);
  if (value && *value > 0 && *value < 1) return *value;
  fail<UsageError>("{}: '{}' does not fit; give a share such as 1%", option, text);
}

std::string parse_choice(std::string_view option, std::string_view text,
                         std::span<const std::string_view> known) {
  const auto found =
      std::ranges::find_if(known, [&](std::string_view name) { return lower(name) == lower(text); });
  if (found != known.end()) return std::string(*found);
  fail<UsageError>("{}: '{}' is not known{} (known: {})", option, text, suggestion(text, known),
                   fmt::join(known, ", "));
}

std::string_view closest(std::string_view text, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(text.size() / 3, 1) + 1;
  for (const auto name : known) {
    const std::size_t distance = edit_distance(lower(text), lower(name));
    if (distance >= best_distance) continue;
    best = name;
    best_distance = distance;
  }
  return best;
}

std::string suggestion(std::string_view text, std::span<const std::string_view> known) {
  const std::string_view best = closest(text, known);
  return best.empty() ? std::string() : fmt::format(", did you mean '{}'?", best);
}

}  // namespace bv2::app
