// The normal and Student's t distribution.
#include "framework/student_t.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace bv2 {
namespace {

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by the modified Lentz algorithm.
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr double enough = 1e-16;
  constexpr int most_terms = 500;
  const auto away_from_zero = [](double v) { return std::abs(v) < tiny ? tiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < most_terms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double factor = 1;
    for (const double term : {even, odd}) {
      d = 1 / away_from_zero(1 + term * d);
      c = away_from_zero(1 + term / c);
      factor = c * d;
      fraction *= factor;
    }
    if (std::abs(factor - 1) < enough) break;
  }
  return fraction;
}

/// The regularised incomplete beta function I_x(a, b).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  // The fraction converges fast on this side only.
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/// The root of an increasing function, to the last bits, from a bracket that is widened first.
template <class Function>
double root(Function&& increasing) {
  double low = -1;
  double high = 1;
  while (increasing(low) > 0 && std::isfinite(low)) low *= 2;
  while (increasing(high) < 0 && std::isfinite(high)) high *= 2;
  for (double middle = std::midpoint(low, high); low < middle && middle < high;
       middle = std::midpoint(low, high)) {
    (increasing(middle) < 0 ? low : high) = middle;
  }
  return high;
}

}  // namespace

double normal_cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

double normal_quantile(double probability) {
  // The lower tail keeps its digits where the upper one rounds to 1.
  if (probability > 0.5) return -normal_quantile(1 - probability);
  return root([&](double x) { return normal_cdf(x) - probability; });
}

double student_t_cdf(double t, double degrees_of_freedom) {
  const double tail =
      incomplete_beta(degrees_of_freedom / 2, 0.5, degrees_of_freedom / (degrees_of_freedom + t * t)) / 2;
  return t > 0 ? 1 - tail : tail;
}

double student_t_quantile(double probability, double degrees_of_freedom) {
  if (probability > 0.5) return -student_t_quantile(1 - probability, degrees_of_freedom);
  return root([&](double t) { return student_t_cdf(t, degrees_of_freedom) - probability; });
}

}  // namespace bv2
