// Where the warm-up ended and the steady state began.
#include "framework/steady_state.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/median.h"
#include "framework/outliers.h"
#include "framework/student_t.h"

namespace bv2 {
namespace {

constexpr std::size_t fewest_values = 6;
constexpr std::size_t shortest_segment = 2;
constexpr std::size_t shortest_steady_part = 3;
constexpr double penalty_factor = 4;
constexpr double least_noise = 1e-3;  // of logarithms: no clock and no machine is steadier
constexpr double outlier_deviations = 3;
constexpr double warm_up_deviations = 5;
constexpr double trend_probability = 0.01;
constexpr std::size_t fewest_for_correlation = 30;
constexpr double largest_correlation = 0.6;  // more would be a drift
constexpr double uncertainty_of_few = 4;

constexpr std::array<std::string_view, 4> steadiness_names{"too_few", "steady", "still_changing", "drifting"};

double median_of(std::span<const double> values) { return median({values.begin(), values.end()}); }

struct Noise {
  double variance = 0;
  double inflation = 1;  // of the variance of a mean, by autocorrelation
};

/// The variance of x_t - x_(t - lag). Differences are cut off at 3 robust standard deviations: a step makes
/// only a few of them large, and the median of absolute ones alone would be too uncertain for short series.
double difference_variance(std::span<const double> series, std::size_t lag) {
  std::vector<double> differences;
  for (std::size_t i = lag; i < series.size(); ++i) differences.push_back(series[i] - series[i - lag]);
  const double most = outlier_deviations * robust_scale(differences).spread;
  double squares = 0;
  for (const double difference : differences) squares += std::pow(std::clamp(difference, -most, most), 2);
  return squares / static_cast<double>(differences.size());
}

/// In a first-order autoregression the variance of differences is 2 v (1 - rho) between neighbours and
/// 2 v (1 - rho^2) between next neighbours: their ratio is 1 + rho.
Noise noise_of(std::span<const double> series) {
  const auto count = static_cast<double>(series.size());
  const double neighbours = difference_variance(series, 1);
  // Of few values the variance itself may be far too small.
  const double few = std::pow(1 + uncertainty_of_few / count, 2);
  Noise noise{std::max(few * neighbours / 2, least_noise * least_noise), 1};
  if (series.size() < fewest_for_correlation || neighbours <= 0) return noise;
  const double rho = std::min(difference_variance(series, 2) / neighbours - 1, largest_correlation);
  if (rho < 2 / std::sqrt(count)) return noise;
  return {noise.variance / (1 - rho), (1 + rho) / (1 - rho)};
}

/// Isolated outliers replaced by the median around them.
std::vector<double> without_spikes(std::span<const double> series, double deviation) {
  constexpr std::size_t reach = 2;
  std::vector<double> result(series.begin(), series.end());
  for (std::size_t i = 0; i < series.size(); ++i) {
    const std::size_t first = i < reach ? 0 : i - reach;
    const double around = median_of(series.subspan(first, std::min(i + reach + 1, series.size()) - first));
    if (std::abs(series[i] - around) > outlier_deviations * deviation) result[i] = around;
  }
  return result;
}

/// The places where segments of constant level begin, 0 first.
std::vector<std::size_t> segment_begins(std::span<const double> series, double penalty) {
  const std::size_t count = series.size();
  const double origin = series[0];  // sums of small numbers keep their digits
  std::vector<double> sums(count + 1);
  std::vector<double> squares(count + 1);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = series[i] - origin;
    sums[i + 1] = sums[i] + value;
    squares[i + 1] = squares[i] + value * value;
  }
  const auto cost_between = [&](std::size_t begin, std::size_t end) {
    const double sum = sums[end] - sums[begin];
    return squares[end] - squares[begin] - sum * sum / static_cast<double>(end - begin);
  };
  std::vector<double> best(count + 1, std::numeric_limits<double>::infinity());
  std::vector<std::size_t> last_begin(count + 1, 0);
  best[0] = -penalty;
  for (std::size_t end = shortest_segment; end <= count; ++end) {
    for (std::size_t begin = 0; begin + shortest_segment <= end; ++begin) {
      const double total = best[begin] + cost_between(begin, end) + penalty;
      if (total >= best[end]) continue;
      best[end] = total;
      last_begin[end] = begin;
    }
  }
  std::vector<std::size_t> begins;
  for (std::size_t end = count; end > 0; end = last_begin[end]) begins.push_back(last_begin[end]);
  std::ranges::reverse(begins);
  return begins;
}

/// A trend of the series that is no chance, as the change from its begin to its end.
double significant_trend(std::span<const double> series, double inflation) {
  const auto count = static_cast<double>(series.size());
  double score = 0;
  std::vector<double> slopes;
  for (std::size_t i = 0; i < series.size(); ++i) {
    for (std::size_t j = i + 1; j < series.size(); ++j) {
      const double rise = series[j] - series[i];
      score += rise > 0 ? 1 : rise < 0 ? -1 : 0;
      slopes.push_back(rise / static_cast<double>(j - i));
    }
  }
  if (slopes.empty()) return 0;
  const double variance = count * (count - 1) * (2 * count + 5) / 18 * inflation;
  const double z = (std::abs(score) - 1) / std::sqrt(variance);
  if (z < normal_quantile(1 - trend_probability / 2)) return 0;
  return median_of(slopes) * (count - 1);
}

class Search {
 public:
  Search(std::span<const double> latencies, const SteadyStateOptions& options)
      : least_change_(std::log1p(options.least_change)) {
    for (const double latency : latencies) series_.push_back(std::log(latency));
    noise_ = noise_of(series_);
    deviation_ = std::sqrt(noise_.variance);
  }

  SteadyState run() {
    const auto count = static_cast<double>(series_.size());
    begins_ = segment_begins(without_spikes(series_, deviation_),
                             penalty_factor * std::log(count) * noise_.variance * noise_.inflation);
    const std::size_t begin = after_slow_begin(steady_begin());
    note_changes(begin);
    const std::size_t length = series_.size() - begin;
    if (length < shortest_steady_part || 3 * length < series_.size()) {
      state_.steadiness = Steadiness::still_changing;
      return state_;
    }
    const double trend = significant_trend(tail(begin), noise_.inflation);
    state_.trend_percent = std::expm1(trend) * 100;
    if (std::abs(trend) > least_change_) {
      state_.steadiness = Steadiness::drifting;
      return state_;
    }
    state_.steadiness = Steadiness::steady;
    state_.begin = begin;
    return state_;
  }

 private:
  [[nodiscard]] std::span<const double> tail(std::size_t begin) const {
    return std::span(series_).subspan(begin);
  }

  /// The begin of the first of those segments at the end that are on the last one's level.
  std::size_t steady_begin() {
    const double level = median_of(tail(begins_.back()));
    std::size_t first = begins_.size() - 1;
    while (first > 0) {
      const std::span before =
          std::span(series_).subspan(begins_[first - 1], begins_[first] - begins_[first - 1]);
      if (std::abs(median_of(before) - level) > std::max(least_change_, deviation_)) break;
      --first;
    }
    return begins_[first];
  }

  [[nodiscard]] std::size_t after_slow_begin(std::size_t begin) const {
    const double level = median_of(tail(begin));
    const double limit = std::max(least_change_, warm_up_deviations * deviation_);
    while (begin < series_.size() && std::abs(series_[begin] - level) > limit) ++begin;
    return begin;
  }

  void note_changes(std::size_t begin) {
    for (const std::size_t change : begins_) {
      if (change > 0 && change < begin) state_.changes.push_back(change);
    }
    if (begin > 0) state_.changes.push_back(begin);
  }

  double least_change_;
  std::vector<double> series_;
  Noise noise_;
  double deviation_ = 0;
  std::vector<std::size_t> begins_;
  SteadyState state_;
};

}  // namespace

std::span<const std::string_view> enum_names(Steadiness /*steadiness*/) { return steadiness_names; }

SteadyState find_steady_state(std::span<const double> latencies, const SteadyStateOptions& options) {
  if (latencies.size() < fewest_values) return {};
  return Search(latencies, options).run();
}

SteadyState after_warm_up(SteadyState whole, std::size_t warm_up) {
  if (whole.begin) whole.begin = std::max(*whole.begin, warm_up) - warm_up;
  std::erase_if(whole.changes, [&](std::size_t change) { return change <= warm_up; });
  for (std::size_t& change : whole.changes) change -= warm_up;
  return whole;
}

}  // namespace bv2
