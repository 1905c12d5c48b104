// The statistics of a series of measurements.
#include "framework/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/outliers.h"

namespace bv2 {
namespace {

struct PercentileField {
  double percent;
  std::optional<double> Summary::*field;
};
constexpr std::array percentile_fields{PercentileField{25, &Summary::p25}, PercentileField{75, &Summary::p75},
                                       PercentileField{90, &Summary::p90}, PercentileField{95, &Summary::p95},
                                       PercentileField{99, &Summary::p99}};

// long double, so that sums of many nanosecond-sized differences keep all digits of a double.
double mean_of(std::span<const double> values) {
  long double sum = 0;
  for (const double value : values) sum += value;
  return static_cast<double>(sum / static_cast<long double>(values.size()));
}

std::optional<double> sample_std(std::span<const double> values, double mean) {
  if (values.size() < 2) return std::nullopt;
  long double squares = 0;
  for (const double value : values) {
    const long double deviation = static_cast<long double>(value) - mean;
    squares += deviation * deviation;
  }
  return static_cast<double>(std::sqrt(squares / static_cast<long double>(values.size() - 1)));
}

/// The finite values by launch, one an iteration.
std::vector<LaunchValues> by_launch(std::span<const double> values, std::span<const std::int64_t> launches) {
  std::vector<LaunchValues> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool next = i < launches.size() && i > 0 && launches[i] != launches[i - 1];
    if (result.empty() || next) result.emplace_back();
    if (std::isfinite(values[i])) result.back().push_back({values[i]});
  }
  return result;
}

void add_percentiles(Summary& summary, std::span<const double> sorted) {
  for (const PercentileField& row : percentile_fields) {
    const bool supported = supports_percentile(sorted.size(), row.percent);
    if (supported) summary.*row.field = percentile(sorted, row.percent);
    summary.percentile_ci95.emplace_back(
        fmt::format("p{:.0f}", row.percent),
        supported ? percentile_interval(sorted, row.percent, summary.autocorrelation.variance_inflation)
                  : std::nullopt);
  }
}

}  // namespace

std::optional<double> relative_precision(const Summary& summary) {
  if (!summary.ci95 || !(summary.median.value_or(0) > 0)) return std::nullopt;
  return ((*summary.ci95)[1] - (*summary.ci95)[0]) / 2 / *summary.median;
}

Summary summarise(std::string unit, std::vector<double> measurements,
                  std::span<const std::int64_t> launches) {
  Summary summary;
  summary.unit = std::move(unit);
  summary.measurements = std::move(measurements);
  std::vector<double> finite;
  std::ranges::copy_if(summary.measurements, std::back_inserter(finite),
                       [](double v) { return std::isfinite(v); });
  summary.autocorrelation = autocorrelation_of(finite);
  std::vector<double> sorted = std::move(finite);
  std::ranges::sort(sorted);
  summary.count = sorted.size();
  add_percentiles(summary, sorted);
  if (sorted.empty()) return summary;
  summary.mean = mean_of(sorted);
  summary.median = percentile(sorted, 50);
  summary.std = sample_std(sorted, *summary.mean);
  summary.min = sorted.front();
  summary.max = sorted.back();
  constexpr std::array median{50.0};
  const auto interval = percentile_intervals(by_launch(summary.measurements, launches), median).front();
  summary.ci95 = interval.interval;
  summary.ci95_method = interval.method;
  for (const Outlier& outlier : find_outliers(summary.measurements))
    summary.outliers.push_back(outlier.index);
  return summary;
}

}  // namespace bv2
