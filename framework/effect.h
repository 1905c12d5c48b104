// How much one series of times differs from another: a ratio with its standard error.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "framework/percentile.h"

namespace bv2 {

/// The logarithm of a ratio of two robust centres, as a Student's t variable.
struct Effect {
  double log_ratio = 0;  ///< of the second to the first
  double standard_error = 0;
  double degrees_of_freedom = 1;

  [[nodiscard]] double ratio() const;
  /// That covers the ratio with `confidence` (0.95).
  [[nodiscard]] Interval interval(double confidence) const;
  /// The smallest ratio above 1 that such a measurement finds with a probability of 80% at this confidence.
  [[nodiscard]] double detectable_ratio(double confidence) const;
};

/// Of two scenarios whose iterations were taken in turns: `base[i]` and `other[i]` are positive and of the
/// same round, so that what disturbs a round disturbs both and leaves their ratio alone. The centre of the
/// logarithms of the ratios is the 20% trimmed mean with the standard error of Tukey and McLaughlin (1963)
/// from winsorised values, n - 2 trimmed - 1 degrees of freedom; of fewer than 10 rounds it is the mean,
/// because a third of so few degrees would be lost. Where rounds depend on those before them, the variance is
/// inflated, and the degrees reduced, as autocorrelation_of says. Missing for fewer than 2 rounds.
std::optional<Effect> paired_effect(std::span<const double> base, std::span<const double> other);

/// Values of each process launch of one scenario, in their order: positive.
using LaunchSeries = std::vector<std::vector<double>>;

/// What a process launch may add to all its iterations, as a relative standard deviation, where there are too
/// few launches to see it: placement in memory, what else the machine does at that time. Chosen, not
/// measured.
constexpr double default_launch_noise = 0.005;

/// Of two scenarios measured apart: Welch's t (1947) on the trimmed means of the logarithms. Each side's
/// variance is that within its launches, and with several of them at least that of their centres with their
/// count - 1 degrees of freedom; with one launch `launch_noise` is added, because no number of iterations
/// tells what another process would have shown. Missing where a side has fewer than 2 values.
std::optional<Effect> unpaired_effect(const LaunchSeries& base, const LaunchSeries& other,
                                      double launch_noise = default_launch_noise);

}  // namespace bv2
