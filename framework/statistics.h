// Exact statistics of a series of measurements; what so few values cannot support is missing, not invented.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bv2 {

/// The statistics of one metric, as results carry them.
struct Summary {
  std::string unit;
  std::vector<double> measurements;  ///< in the order of the iterations
  std::optional<double> mean;
  std::optional<double> median;
  std::optional<double> std;  ///< of the sample (divisor count - 1); needs 2 values
  std::optional<double> min;
  std::optional<double> max;
  std::optional<double> p25;
  std::optional<double> p75;
  std::optional<double> p90;
  std::optional<double> p95;
  std::optional<double> p99;
  std::size_t count = 0;                      ///< finite values: those that the statistics are of
  std::optional<std::array<double, 2>> ci95;  ///< of the median, see median_confidence_interval

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("unit", self.unit);
    visit("measurements", self.measurements);
    visit("mean", self.mean);
    visit("median", self.median);
    visit("std", self.std);
    visit("min", self.min);
    visit("max", self.max);
    visit("p25", self.p25);
    visit("p75", self.p75);
    visit("p90", self.p90);
    visit("p95", self.p95);
    visit("p99", self.p99);
    visit("count", self.count);
    visit("ci95", self.ci95);
  }
};

/// All statistics of a series. Values that are not finite stay in `measurements` and count for nothing else.
Summary summarise(std::string unit, std::vector<double> measurements);

/// The percentile (0 to 100) of sorted values, interpolated linearly between the two nearest ranks as numpy
/// does by default (Hyndman and Fan, 1996, definition 7). `sorted` is not empty.
double percentile(std::span<const double> sorted, double percent);

/// Whether `count` values can support that percentile: at least one of them must be expected beyond it, on
/// its shorter side. p25 and p75 need 4 values, p90 10, p95 20, p99 100.
bool supports_percentile(std::size_t count, double percent);

/// An interval that covers the median of the distribution in at least 95 of 100 series, whatever the
/// distribution: from the k-th smallest to the k-th largest value, k being the largest for which the binomial
/// distribution (count, 1/2) leaves at most 2.5% below it. Missing for fewer than 6 values, where even the
/// whole range covers less. The median, because it is the value that the reports speak of and because
/// latencies have a long tail.
std::optional<std::array<double, 2>> median_confidence_interval(std::span<const double> sorted);

}  // namespace bv2
