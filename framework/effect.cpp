// Ratios of series of times, and their standard errors.
#include "framework/effect.h"

#include <algorithm>
#include <cmath>

#include "framework/autocorrelation.h"
#include "framework/student_t.h"

namespace bv2 {
namespace {

constexpr double trimmed_share = 0.2;
constexpr std::size_t fewest_to_trim = 10;
constexpr double power = 0.8;

/// A centre and how sure it is.
struct Location {
  double centre = 0;
  double variance = 0;  ///< of the centre
  double degrees_of_freedom = 1;
};

/// Of a series in its order, of 2 values or more.
Location trimmed_location(std::span<const double> series) {
  const std::size_t count = series.size();
  const auto trimmed = count < fewest_to_trim
                           ? std::size_t{0}
                           : static_cast<std::size_t>(trimmed_share * static_cast<double>(count));
  std::vector<double> sorted(series.begin(), series.end());
  std::ranges::sort(sorted);
  const std::size_t kept = count - 2 * trimmed;
  double centre = 0;
  for (std::size_t i = trimmed; i < count - trimmed; ++i) centre += sorted[i] / static_cast<double>(kept);
  for (std::size_t i = 0; i < trimmed; ++i) {
    sorted[i] = sorted[trimmed];
    sorted[count - 1 - i] = sorted[count - 1 - trimmed];
  }
  const auto n = static_cast<double>(count);
  double mean = 0;
  for (const double value : sorted) mean += value / n;
  double squares = 0;
  for (const double value : sorted) squares += (value - mean) * (value - mean);
  const double inflation = autocorrelation_of(series).variance_inflation;
  const double kept_share = static_cast<double>(kept) / n;
  return {.centre = centre,
          .variance = squares / (n - 1) / (kept_share * kept_share * n) * inflation,
          .degrees_of_freedom = std::max(1.0, static_cast<double>(kept) / inflation - 1)};
}

std::vector<double> logarithms(std::span<const double> values) {
  std::vector<double> result;
  for (const double value : values) result.push_back(std::log(value));
  return result;
}

Location mean_of(std::span<const Location> launches) {
  const auto count = static_cast<double>(launches.size());
  Location mean{0, 0, 0};
  for (const Location& launch : launches) {
    mean.centre += launch.centre / count;
    mean.variance += launch.variance / (count * count);
    mean.degrees_of_freedom += launch.degrees_of_freedom;
  }
  double squares = 0;
  for (const Location& launch : launches) squares += std::pow(launch.centre - mean.centre, 2);
  // One degree each is all that launches of their own kind of disturbance have to offer.
  mean.variance = std::max(mean.variance, squares / (count - 1) / count);
  mean.degrees_of_freedom = count - 1;
  return mean;
}

std::optional<Location> location_of(const LaunchSeries& launches, double launch_noise) {
  std::vector<Location> locations;
  for (const auto& launch : launches) {
    if (launch.size() >= 2)
      locations.push_back(trimmed_location(logarithms(launch)));
    else if (launch.size() == 1 && launches.size() > 1)
      locations.push_back({.centre = std::log(launch[0]), .variance = 0, .degrees_of_freedom = 0});
  }
  if (locations.empty()) return std::nullopt;
  if (locations.size() > 1) return mean_of(locations);
  locations[0].variance += launch_noise * launch_noise;
  return locations[0];
}

}  // namespace

double Effect::ratio() const { return std::exp(log_ratio); }

Interval Effect::interval(double confidence) const {
  const double half_width = student_t_quantile((1 + confidence) / 2, degrees_of_freedom) * standard_error;
  return {std::exp(log_ratio - half_width), std::exp(log_ratio + half_width)};
}

double Effect::detectable_ratio(double confidence) const {
  return std::exp((student_t_quantile((1 + confidence) / 2, degrees_of_freedom) +
                   student_t_quantile(power, degrees_of_freedom)) *
                  standard_error);
}

std::optional<Effect> paired_effect(std::span<const double> base, std::span<const double> other) {
  const std::size_t rounds = std::min(base.size(), other.size());
  if (rounds < 2) return std::nullopt;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < rounds; ++i) ratios.push_back(std::log(other[i] / base[i]));
  const Location location = trimmed_location(ratios);
  return Effect{location.centre, std::sqrt(location.variance), location.degrees_of_freedom};
}

std::optional<Effect> unpaired_effect(const LaunchSeries& base, const LaunchSeries& other,
                                      double launch_noise) {
  const auto first = location_of(base, launch_noise);
  const auto second = location_of(other, launch_noise);
  if (!first || !second) return std::nullopt;
  const double variance = first->variance + second->variance;
  const double weighted = std::pow(first->variance, 2) / first->degrees_of_freedom +
                          std::pow(second->variance, 2) / second->degrees_of_freedom;
  // Without any variance the smaller number of degrees is the careful one.
  const double degrees = weighted > 0 ? variance * variance / weighted
                                      : std::min(first->degrees_of_freedom, second->degrees_of_freedom);
  return Effect{second->centre - first->centre, std::sqrt(variance), degrees};
}

}  // namespace bv2
