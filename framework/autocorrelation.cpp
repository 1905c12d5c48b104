// Dependence of the values of a series.
#include "framework/autocorrelation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace bv2 {
namespace {

constexpr std::size_t fewest_values = 10;
constexpr double largest_correlation = 0.95;  // beyond it nothing of the series is independent
constexpr double one_sided_5_percent = 1.6449;
constexpr double least_correlation = 0.7;  // of its standard error; below it most of it is chance

/// Mid-ranks: equal values share theirs.
std::vector<double> ranks_of(std::span<const double> series) {
  std::vector<std::size_t> order(series.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return series[i]; });
  std::vector<double> ranks(series.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && series[order[last + 1]] == series[order[first]]) ++last;
    for (std::size_t i = first; i <= last; ++i) ranks[order[i]] = static_cast<double>(first + last) / 2;
    first = last + 1;
  }
  return ranks;
}

double lag1_of(std::span<const double> values) {
  const double mean = std::reduce(values.begin(), values.end()) / static_cast<double>(values.size());
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += (values[i] - mean) * (values[i] - mean);
    if (i > 0) products += (values[i] - mean) * (values[i - 1] - mean);
  }
  return squares > 0 ? products / squares : 0;
}

}  // namespace

Autocorrelation autocorrelation_of(std::span<const double> series) {
  Autocorrelation result;
  if (series.size() < fewest_values) return result;
  const auto count = static_cast<double>(series.size());
  const double found = lag1_of(ranks_of(series));
  const double corrected = std::clamp(found + (1 + 3 * found) / count, -1.0, 1.0);
  result.lag1 = corrected;
  result.significant = corrected > one_sided_5_percent / std::sqrt(count);
  if (corrected <= least_correlation / std::sqrt(count)) return result;
  const double rho = std::min(corrected, largest_correlation);
  result.variance_inflation = (1 + rho) / (1 - rho);
  const double optimal = std::cbrt(1.5 * count) * std::pow(rho / (1 - rho * rho), 2.0 / 3);
  result.block_length =
      std::clamp(static_cast<std::size_t>(std::lround(3 * optimal)), std::size_t{1}, series.size() / 3);
  return result;
}

}  // namespace bv2
