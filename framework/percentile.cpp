// Percentiles of sorted values and their distribution-free intervals.
#include "framework/percentile.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/median.h"

namespace bv2 {
namespace {

constexpr double tail = 0.025;

/// The largest k for which at most 2.5% of series have fewer than k of `count` values below a percentile that
/// each is below with `probability`; 0: none. Logarithms, because the first term underflows for long series.
std::size_t lower_rank(std::size_t count, double probability) {
  const auto n = static_cast<double>(count);
  const double log_odds = std::log(probability) - std::log1p(-probability);
  double log_term = n * std::log1p(-probability);  // that no value is below
  double cumulative = 0;
  std::size_t k = 0;
  while (k < count) {
    cumulative += std::exp(log_term);
    if (cumulative > tail) break;
    log_term += log_odds + std::log((n - static_cast<double>(k)) / static_cast<double>(k + 1));
    ++k;
  }
  return k;
}

}  // namespace

double percentile(std::span<const double> sorted, double percent) {
  const double rank = percent / 100.0 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], rank - static_cast<double>(below));
}

std::optional<double> median_if_any(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  return median(std::move(values));
}

bool supports_percentile(std::size_t count, double percent) {
  return static_cast<double>(count) * std::min(percent, 100.0 - percent) >= 100.0;
}

std::optional<Interval> percentile_interval(std::span<const double> sorted, double percent,
                                            double variance_inflation) {
  const double probability = percent / 100;
  const std::size_t low = lower_rank(sorted.size(), probability);
  const std::size_t high = lower_rank(sorted.size(), 1 - probability);  // counted from the largest
  if (low == 0 || high == 0) return std::nullopt;
  const auto count = static_cast<double>(sorted.size());
  const double wider = std::sqrt(variance_inflation);
  // Between the order statistics low and low + 1 lies the rank count * probability that both start from.
  const double centre = count * probability;
  const double first = std::floor(centre - (centre - static_cast<double>(low)) * wider);
  const double last = std::ceil(centre + (count + 1 - static_cast<double>(high) - centre) * wider);
  if (first < 1 || last > count) return std::nullopt;
  return Interval{sorted[static_cast<std::size_t>(first) - 1], sorted[static_cast<std::size_t>(last) - 1]};
}

}  // namespace bv2
