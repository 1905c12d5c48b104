// Synthetic series of latencies of known distribution.
#pragma once

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace bv2::test {

using Random = std::mt19937_64;
using Series = std::vector<double>;

inline Series normal_series(std::size_t count, Random& random, double mean = 1, double deviation = 0.05) {
  std::normal_distribution<double> draw(mean, deviation);
  Series series(count);
  for (double& value : series) value = draw(random);
  return series;
}

/// Median 1.
inline Series log_normal_series(std::size_t count, Random& random, double deviation = 0.5) {
  std::lognormal_distribution<double> draw(0, deviation);
  Series series(count);
  for (double& value : series) value = draw(random);
  return series;
}

/// 70% around 1, 30% around 1.3, both with a deviation of 0.02. The median is where 5/7 of the lower lie
/// below: 1 + 0.02 z(5/7).
inline constexpr double bimodal_median = 1 + 0.02 * 0.5659488219328631;
inline Series bimodal_series(std::size_t count, Random& random) {
  std::normal_distribution<double> draw(0, 0.02);
  std::bernoulli_distribution slow(0.3);
  Series series(count);
  for (double& value : series) value = (slow(random) ? 1.3 : 1) + draw(random);
  return series;
}

/// exp(0.05 x), x a stationary first-order autoregression of variance 1: median 1.
inline Series autocorrelated_series(std::size_t count, Random& random, double rho) {
  std::normal_distribution<double> draw;
  double x = draw(random);
  Series series(count);
  for (double& value : series) {
    value = std::exp(0.05 * x);
    x = rho * x + std::sqrt(1 - rho * rho) * draw(random);
  }
  return series;
}

}  // namespace bv2::test
