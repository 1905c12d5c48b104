// The statistics of a series of measurements; what so few values cannot support is missing, not invented.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/autocorrelation.h"
#include "framework/bootstrap.h"
#include "framework/percentile.h"

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
  std::size_t count = 0;         ///< finite values: those that the statistics are of
  std::optional<Interval> ci95;  ///< of the median, see percentile_intervals
  IntervalMethod ci95_method = IntervalMethod::none;
  NamedValues<std::optional<Interval>> percentile_ci95;  ///< of p25 to p99, see percentile_interval
  Autocorrelation autocorrelation;
  std::vector<std::size_t> outliers;  ///< places in `measurements`; they count like all others

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
    visit("ci95_method", self.ci95_method);
    visit("percentile_ci95", self.percentile_ci95);
    visit("autocorrelation", self.autocorrelation);
    visit("outliers", self.outliers);
  }
};

/// Half of the median's interval, relative to the median; missing where there is no interval.
std::optional<double> relative_precision(const Summary& summary);

/// All statistics of a series. Values that are not finite stay in `measurements` and count for nothing else.
/// `launches` says which process launch did each of the measurements, in ascending order; empty: all in one.
Summary summarise(std::string unit, std::vector<double> measurements,
                  std::span<const std::int64_t> launches = {});

}  // namespace bv2
