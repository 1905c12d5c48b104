// Confidence intervals that respect how measurements hang together: tokens within an iteration, iterations
// within a process launch, and neighbours in time.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "framework/percentile.h"

namespace bv2 {

/// The values of one iteration in their order: the latencies of its tokens, or one value of a metric.
using IterationValues = std::vector<double>;
/// The iterations of one process launch in their order.
using LaunchValues = std::vector<IterationValues>;

/// How an interval was had.
enum class IntervalMethod { none, student_t, bootstrap };
std::span<const std::string_view> enum_names(IntervalMethod method);

struct PercentileInterval {
  IntervalMethod method = IntervalMethod::none;
  std::optional<Interval> interval;  ///< 95%
};

/// An interval for each percentile of all values together. Values are finite, iterations are not empty.
///
/// What is resampled are iterations, never tokens on their own: those of one iteration share its
/// disturbances, and thousands of them are not thousands of independent observations. An iteration that is
/// drawn is kept whole, which needs no assumption on its tokens (Field and Welsh, 2007; Ren et al., 2010).
///
/// 5 iterations or more: the percentile bootstrap (Efron, 1979) of 2,000 resamples. They are made of blocks
/// of neighbours, wrapping around the end (Politis and Romano, 1992), where iterations depend on those before
/// them (autocorrelation_of). Its percentiles are those of Student's t for as many independent blocks as
/// there are, in place of 2.5 and 97.5 (Hesterberg, 2015, "expanded percentiles"): a resample varies less
/// than what it is taken from, by (n - 1) / n. Blocks of length b then widen it by 1 / sqrt(1 - 1.5 b / n),
/// found by simulation of autoregressions: long blocks in a short series resemble each other. With 5 single
/// values this is their range, which covers the median of any distribution in 93.75%.
///
/// 2 to 4 iterations: Student's t on the logarithms of each one's percentile, because no resampling of so few
/// shows how far others may lie; it supposes that these are roughly normal. One: none.
///
/// Launches differ among themselves in what the iterations of one cannot show (placement in memory, other
/// load). With 2 to 4 of them Student's t on the logarithms of each one's percentile, from 5 on the bootstrap
/// of whole launches, is taken too, and the interval spans both. With one launch it speaks of that launch.
///
/// Nothing where the values cannot support the percentile, or Student's t would have to use a value that is
/// not positive. The same values give the same interval.
std::vector<PercentileInterval> percentile_intervals(std::span<const LaunchValues> launches,
                                                     std::span<const double> percents);

/// The interval of the median of one series (one launch, one value an iteration).
PercentileInterval median_interval(std::span<const double> series);

}  // namespace bv2
