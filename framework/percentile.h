// Percentiles of sorted values, when they can be had, and their distribution-free intervals.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace bv2 {

/// Lower and upper end.
using Interval = std::array<double, 2>;

/// The percentile (0 to 100) of sorted values, interpolated linearly between the two nearest ranks as numpy
/// does by default (Hyndman and Fan, 1996, definition 7). `sorted` is not empty.
double percentile(std::span<const double> sorted, double percent);

/// The median of values in any order; nothing of none.
std::optional<double> median_if_any(std::vector<double> values);

/// Whether `count` values can support that percentile: at least one of them must be expected beyond it, on
/// its shorter side. p25 and p75 need 4 values, p90 10, p95 20, p99 100.
bool supports_percentile(std::size_t count, double percent);

/// An interval that covers a percentile of the distribution in at least 95 of 100 series, whatever the
/// distribution: the narrowest pair of order statistics of which the binomial distribution leaves at
/// most 2.5% on either side (Conover, Practical Nonparametric Statistics). Both ranks are moved away from the
/// percentile's by the square root of `variance_inflation`, where values depend on each other. Missing where
/// either lies outside the series: of independent values the median needs 6, p90 36, p95 73, p99 368.
std::optional<Interval> percentile_interval(std::span<const double> sorted, double percent,
                                            double variance_inflation = 1);

}  // namespace bv2
