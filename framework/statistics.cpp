// Exact statistics of a series of measurements.
#include "framework/statistics.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace bv2 {
namespace {

std::vector<double> sorted_finite(std::span<const double> values) {
  std::vector<double> sorted;
  sorted.reserve(values.size());
  std::ranges::copy_if(values, std::back_inserter(sorted), [](double v) { return std::isfinite(v); });
  std::ranges::sort(sorted);
  return sorted;
}

// long double, so that sums of many nanosecond-sized differences keep all digits of a double.
double mean_of(std::span<const double> values) {
  long double sum = 0;
  for (const double value : values) sum += value;
  return static_cast<double>(sum / static_cast<long double>(values.size()));
}

std::optional<double> sample_std(std::span<const double> values, double mean) {
  if (values.size() < 2) return std::nullopt;
  long double squares = 0;
  for (const double value : values) {
    const long double deviation = static_cast<long double>(value) - mean;
    squares += deviation * deviation;
  }
  return static_cast<double>(std::sqrt(squares / static_cast<long double>(values.size() - 1)));
}

std::optional<double> supported_percentile(std::span<const double> sorted, double percent) {
  if (!supports_percentile(sorted.size(), percent)) return std::nullopt;
  return percentile(sorted, percent);
}

}  // namespace

double percentile(std::span<const double> sorted, double percent) {
  const double rank = percent / 100.0 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], rank - static_cast<double>(below));
}

bool supports_percentile(std::size_t count, double percent) {
  return static_cast<double>(count) * std::min(percent, 100.0 - percent) >= 100.0;
}

std::optional<std::array<double, 2>> median_confidence_interval(std::span<const double> sorted) {
  constexpr double tail = 0.025;
  const auto count = static_cast<double>(sorted.size());
  // Logarithms, because 2^-count underflows for long series.
  double log_probability = -count * std::log(2.0);  // of no value below the median
  double cumulative = 0;
  std::size_t k = 0;  // how many smallest values can be left out
  while (k < sorted.size()) {
    cumulative += std::exp(log_probability);
    if (cumulative > tail) break;
    log_probability += std::log((count - static_cast<double>(k)) / static_cast<double>(k + 1));
    ++k;
  }
  if (k == 0) return std::nullopt;
  return std::array{sorted[k - 1], sorted[sorted.size() - k]};
}

Summary summarise(std::string unit, std::vector<double> measurements) {
  Summary summary;
  summary.unit = std::move(unit);
  summary.measurements = std::move(measurements);
  const std::vector<double> sorted = sorted_finite(summary.measurements);
  summary.count = sorted.size();
  if (sorted.empty()) return summary;
  summary.mean = mean_of(sorted);
  summary.median = percentile(sorted, 50);
  summary.std = sample_std(sorted, *summary.mean);
  summary.min = sorted.front();
  summary.max = sorted.back();
  summary.p25 = supported_percentile(sorted, 25);
  summary.p75 = supported_percentile(sorted, 75);
  summary.p90 = supported_percentile(sorted, 90);
  summary.p95 = supported_percentile(sorted, 95);
  summary.p99 = supported_percentile(sorted, 99);
  summary.ci95 = median_confidence_interval(sorted);
  return summary;
}

}  // namespace bv2
