// Values that lie far from the rest.
#include "framework/outliers.h"

#include <algorithm>
#include <cmath>

#include "framework/percentile.h"
#include "framework/student_t.h"

namespace bv2 {
namespace {

constexpr std::size_t fewest_values = 5;
constexpr double deviations = 3.5;
constexpr double deviations_of_few = 8;
constexpr double chance = 0.02;  // that a normal series of that length has one, were its spread known
constexpr double least_relative_difference = 1e-3;
constexpr double normal_consistency = 1.4826;

}  // namespace

RobustScale robust_scale(std::span<const double> values) {
  RobustScale scale;
  scale.centre = *median_if_any({values.begin(), values.end()});
  std::vector<double> distances;
  distances.reserve(values.size());
  for (const double value : values) distances.push_back(std::abs(value - scale.centre));
  scale.spread = normal_consistency * *median_if_any(std::move(distances));
  return scale;
}

std::vector<Outlier> find_outliers(std::span<const double> series) {
  std::vector<std::size_t> places;
  std::vector<double> values;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!std::isfinite(series[i])) continue;
    places.push_back(i);
    values.push_back(series[i]);
  }
  if (values.size() < fewest_values) return {};
  const bool positive = std::ranges::all_of(values, [](double v) { return v > 0; });
  double least = least_relative_difference;  // of logarithms a difference is already relative
  if (!positive) least *= std::abs(*median_if_any(values));
  if (positive) std::ranges::transform(values, values.begin(), [](double v) { return std::log(v); });
  const RobustScale scale = robust_scale(values);
  const auto count = static_cast<double>(values.size());
  const double far = std::max(deviations, normal_quantile(1 - chance / (2 * count)));
  const double threshold = std::max(far * (1 + deviations_of_few / count) * scale.spread, least);
  std::vector<Outlier> outliers;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double distance = values[i] - scale.centre;
    if (std::abs(distance) <= threshold) continue;
    outliers.push_back({places[i], distance > 0 ? OutlierSide::high : OutlierSide::low});
  }
  return outliers;
}

}  // namespace bv2
