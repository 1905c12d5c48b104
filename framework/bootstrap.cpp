// Confidence intervals from resampled iterations and launches.
#include "framework/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>

#include "framework/autocorrelation.h"
#include "framework/student_t.h"

namespace bv2 {
namespace {

constexpr std::size_t fewest_to_resample = 5;
constexpr std::size_t resamples = 2000;
constexpr double upper_tail = 0.975;
constexpr double block_widening = 1.5;

constexpr std::array<std::string_view, 3> method_names{"none", "student_t", "bootstrap"};

/// All values in order, and where each stands.
class RankedValues {
 public:
  explicit RankedValues(std::span<const LaunchValues> launches) {
    for (const LaunchValues& launch : launches) {
      for (const IterationValues& iteration : launch) {
        sorted_.insert(sorted_.end(), iteration.begin(), iteration.end());
      }
    }
    std::ranges::sort(sorted_);
  }
  [[nodiscard]] std::span<const double> sorted() const { return sorted_; }
  [[nodiscard]] std::uint32_t rank(double value) const {
    return static_cast<std::uint32_t>(std::ranges::lower_bound(sorted_, value) - sorted_.begin());
  }

 private:
  std::vector<double> sorted_;
};

/// What is drawn as a whole: the ranks of its values.
using Unit = std::vector<std::uint32_t>;

/// A resample as how often each of the sorted values is in it: its percentiles follow in one pass, without
/// sorting.
class Resample {
 public:
  explicit Resample(std::span<const double> sorted) : sorted_(sorted), counts_(sorted.size()) {}

  void clear() {
    std::ranges::fill(counts_, 0U);
    size_ = 0;
  }
  void add(const Unit& unit) {
    for (const std::uint32_t rank : unit) ++counts_[rank];
    size_ += unit.size();
  }
  /// `percents` ascending; one value each.
  void percentiles(std::span<const double> percents, std::span<double> values) const {
    std::size_t at = 0;
    std::size_t seen = counts_[0];  // values up to sorted_[at]
    const auto value_of_rank = [&](std::size_t rank) {
      while (seen <= rank) seen += counts_[++at];
      return sorted_[at];
    };
    for (std::size_t i = 0; i < percents.size(); ++i) {
      const double place = percents[i] / 100 * static_cast<double>(size_ - 1);
      const auto below = static_cast<std::size_t>(place);
      const double low = value_of_rank(below);
      const std::size_t low_at = at;
      const std::size_t low_seen = seen;
      values[i] =
          std::lerp(low, value_of_rank(std::min(below + 1, size_ - 1)), place - static_cast<double>(below));
      at = low_at;  // the next percentile may begin between the two
      seen = low_seen;
    }
  }

 private:
  std::span<const double> sorted_;
  std::vector<std::uint32_t> counts_;
  std::size_t size_ = 0;
};

/// The percentiles of each resample: [percent][resample].
std::vector<std::vector<double>> resampled_percentiles(std::span<const Unit> units, std::size_t block_length,
                                                       std::span<const double> sorted,
                                                       std::span<const double> percents) {
  std::mt19937_64 random(units.size());
  Resample resample(sorted);
  std::vector<double> values(percents.size());
  std::vector<std::vector<double>> result(percents.size(), std::vector<double>(resamples));
  for (std::size_t round = 0; round < resamples; ++round) {
    resample.clear();
    for (std::size_t drawn = 0; drawn < units.size();) {
      // Of 32 bits the product's bias is below 2^-32 (Lemire, 2019).
      const std::size_t first = ((random() >> 32U) * units.size()) >> 32U;
      for (std::size_t i = 0; i < block_length && drawn < units.size(); ++i, ++drawn) {
        resample.add(units[(first + i) % units.size()]);
      }
    }
    resample.percentiles(percents, values);
    for (std::size_t i = 0; i < percents.size(); ++i) result[i][round] = values[i];
  }
  return result;
}

/// Student's t asks for 97.5% at that many independent units; the percentile of the bootstrap that
/// corresponds.
double expanded_percent(double units) {
  const double t = student_t_quantile(upper_tail, units - 1);
  return 100 * normal_cdf(-t * std::sqrt(units / (units - 1)));
}

std::vector<PercentileInterval> bootstrap_intervals(std::span<const Unit> units, std::size_t block_length,
                                                    std::span<const double> sorted,
                                                    std::span<const double> percents) {
  const double blocks = static_cast<double>(units.size()) / static_cast<double>(block_length);
  const double percent = expanded_percent(blocks);
  const double widening = block_length == 1 ? 1 : 1 / std::sqrt(1 - block_widening / blocks);
  auto resampled = resampled_percentiles(units, block_length, sorted, percents);
  std::vector<PercentileInterval> intervals;
  for (std::size_t i = 0; i < percents.size(); ++i) {
    std::ranges::sort(resampled[i]);
    const double centre = percentile(sorted, percents[i]);
    const auto widened = [&](double end) { return centre + (end - centre) * widening; };
    intervals.push_back(
        {IntervalMethod::bootstrap, Interval{widened(percentile(resampled[i], percent)),
                                             widened(percentile(resampled[i], 100 - percent))}});
  }
  return intervals;
}

/// Student's t on the logarithms of independent values.
PercentileInterval log_t_interval(std::span<const double> values) {
  if (values.size() < 2 || !std::ranges::all_of(values, [](double v) { return v > 0; })) return {};
  const auto count = static_cast<double>(values.size());
  double mean = 0;
  for (const double value : values) mean += std::log(value) / count;
  double squares = 0;
  for (const double value : values) squares += std::pow(std::log(value) - mean, 2);
  const double half_width =
      student_t_quantile(upper_tail, count - 1) * std::sqrt(squares / (count - 1) / count);
  return {IntervalMethod::student_t, Interval{std::exp(mean - half_width), std::exp(mean + half_width)}};
}

/// The percentile of each unit's own values; nothing where one of them cannot support it.
std::vector<double> percentile_of_each(std::span<const Unit> units, std::span<const double> sorted,
                                       double percent) {
  std::vector<double> result;
  for (const Unit& unit : units) {
    std::vector<double> values;
    for (const std::uint32_t rank : unit) values.push_back(sorted[rank]);
    if (values.size() > 1 && !supports_percentile(values.size(), percent)) return {};
    std::ranges::sort(values);
    result.push_back(percentile(values, percent));
  }
  return result;
}

std::vector<PercentileInterval> unit_intervals(std::span<const Unit> units, std::size_t block_length,
                                               std::span<const double> sorted,
                                               std::span<const double> percents) {
  if (units.size() >= fewest_to_resample) return bootstrap_intervals(units, block_length, sorted, percents);
  std::vector<PercentileInterval> intervals;
  for (const double percent : percents) {
    intervals.push_back(log_t_interval(percentile_of_each(units, sorted, percent)));
  }
  return intervals;
}

PercentileInterval span_of(const PercentileInterval& a, const PercentileInterval& b) {
  if (!a.interval || !b.interval) return {};
  return {std::min(a.method, b.method), Interval{std::min((*a.interval)[0], (*b.interval)[0]),
                                                 std::max((*a.interval)[1], (*b.interval)[1])}};
}

/// Of the iterations, one after another: by their medians.
std::size_t block_length_of(std::span<const Unit> iterations, std::span<const double> sorted) {
  std::vector<double> medians;
  for (const Unit& iteration : iterations) {
    std::vector<double> values;
    for (const std::uint32_t rank : iteration) values.push_back(sorted[rank]);
    std::ranges::sort(values);
    medians.push_back(percentile(values, 50));
  }
  return autocorrelation_of(medians).block_length;
}

}  // namespace

std::span<const std::string_view> enum_names(IntervalMethod /*method*/) { return method_names; }

std::vector<PercentileInterval> percentile_intervals(std::span<const LaunchValues> launches,
                                                     std::span<const double> percents) {
  std::vector<PercentileInterval> none(percents.size());
  const RankedValues ranked(launches);
  if (ranked.sorted().empty()) return none;
  std::vector<Unit> iterations;
  std::vector<Unit> whole_launches;
  for (const LaunchValues& launch : launches) {
    Unit whole;
    for (const IterationValues& values : launch) {
      Unit& iteration = iterations.emplace_back();
      for (const double value : values) iteration.push_back(ranked.rank(value));
      whole.insert(whole.end(), iteration.begin(), iteration.end());
    }
    if (!whole.empty()) whole_launches.push_back(std::move(whole));
  }
  auto intervals =
      unit_intervals(iterations, block_length_of(iterations, ranked.sorted()), ranked.sorted(), percents);
  if (whole_launches.size() > 1) {
    const auto among_launches = unit_intervals(whole_launches, 1, ranked.sorted(), percents);
    for (std::size_t i = 0; i < percents.size(); ++i) intervals[i] = span_of(intervals[i], among_launches[i]);
  }
  for (std::size_t i = 0; i < percents.size(); ++i) {
    // The median is that of a distribution however few values there are; other percentiles need their count.
    if (percents[i] != 50 && !supports_percentile(ranked.sorted().size(), percents[i])) intervals[i] = {};
  }
  return intervals;
}

PercentileInterval median_interval(std::span<const double> series) {
  LaunchValues launch;
  for (const double value : series) launch.push_back({value});
  constexpr std::array median{50.0};
  return percentile_intervals(std::array{std::move(launch)}, median).front();
}

}  // namespace bv2
