// Bootstrap intervals: coverage of known medians, levels, and what few values do not support.
#include "framework/bootstrap.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/clock.h"
#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;
using test::Series;

LaunchValues one_value_each(const Series& series) {
  LaunchValues launch;
  for (const double value : series) launch.push_back({value});
  return launch;
}

bool covers(const PercentileInterval& interval, double truth) {
  return interval.interval && (*interval.interval)[0] <= truth && truth <= (*interval.interval)[1];
}

double width(const PercentileInterval& interval) { return (*interval.interval)[1] - (*interval.interval)[0]; }

TEST(Bootstrap, OneValueHasNoInterval) {
  EXPECT_FALSE(median_interval(Series{}).interval);
  EXPECT_FALSE(median_interval(Series{1}).interval);
  EXPECT_EQ(median_interval(Series{1}).method, IntervalMethod::none);
}

TEST(Bootstrap, TwoToFourValuesAreLeftToStudentsT) {
  const auto interval = median_interval(Series{1, std::exp(2.0)});
  EXPECT_EQ(interval.method, IntervalMethod::student_t);
  // Logarithms 0 and 2: mean 1, deviation sqrt(2), standard error 1, t of one degree of freedom 12.7062.
  EXPECT_NEAR((*interval.interval)[0], std::exp(1 - 12.706204736), 1e-9);
  EXPECT_NEAR((*interval.interval)[1], std::exp(1 + 12.706204736), 1e-3);
  EXPECT_EQ(median_interval(Series{1, 2, 3, 4}).method, IntervalMethod::student_t);
  EXPECT_FALSE(median_interval(Series{0, 1, 2}).interval);  // no logarithm
}

TEST(Bootstrap, OfFiveValuesItIsTheirRange) {
  const auto interval = median_interval(Series{3, 1, 2, 5, 4});
  EXPECT_EQ(interval.method, IntervalMethod::bootstrap);
  EXPECT_THAT(*interval.interval, testing::ElementsAre(1, 5));
}

TEST(Bootstrap, SameValuesSameInterval) {
  Random random(3);
  const Series series = test::normal_series(40, random);
  EXPECT_EQ(*median_interval(series).interval, *median_interval(series).interval);
}

TEST(Bootstrap, EqualValuesHaveAnIntervalOfNoWidth) {
  EXPECT_THAT(*median_interval(Series(20, 7.0)).interval, testing::ElementsAre(7, 7));
}

// The exact bootstrap distribution of a median of an odd number (Efron, 1979): the k-th smallest is at least
// the resampled median when more than half of the draws are among the k smallest.
TEST(Bootstrap, AgreesWithTheExactDistributionOfAResampledMedian) {
  constexpr int count = 31;
  Series series(count);
  for (int i = 0; i < count; ++i) series[static_cast<std::size_t>(i)] = i;
  // For this series t(30) = 2.0423, expanded by sqrt(31/30): normal_cdf(-2.0760) = 0.01895.
  const double tail = 0.01895;
  int rank = 0;
  const auto probability_at_most = [&](int k) {
    const double p = (k + 1.0) / count;
    double sum = 0;
    for (int i = count / 2 + 1; i <= count; ++i) {
      sum += std::exp(std::lgamma(count + 1) - std::lgamma(i + 1) - std::lgamma(count - i + 1)) *
             std::pow(p, i) * std::pow(1 - p, count - i);
    }
    return sum;
  };
  while (probability_at_most(rank) < tail) ++rank;
  // The order in which a series stands decides on its blocks: this one must be without dependence.
  Series shuffled;
  for (int i = 0; i < count; ++i) shuffled.push_back(series[static_cast<std::size_t>(i * 12 % count)]);
  const auto interval = *median_interval(shuffled).interval;
  EXPECT_NEAR(interval[0], rank, 1);
  EXPECT_NEAR(interval[1], count - 1 - rank, 1);
}

TEST(Bootstrap, TokensOfAnIterationAreNotIndependentObservations) {
  // Iterations differ by 10%, tokens within one by 0.1%: what counts is that there are 8 iterations.
  Random random(5);
  LaunchValues launch;
  Series medians;
  for (const double level : test::normal_series(8, random, 1, 0.1)) {
    launch.push_back(test::normal_series(200, random, level, 0.001));
    medians.push_back(level);
  }
  constexpr std::array median{50.0};
  const auto interval = percentile_intervals(std::array{launch}, median).front();
  EXPECT_GT(width(interval), 0.7 * width(median_interval(medians)));
  Series pooled;
  for (const auto& iteration : launch) pooled.insert(pooled.end(), iteration.begin(), iteration.end());
  const Series few(pooled.begin(), pooled.begin() + 200);  // as if the tokens of one were all there is
  EXPECT_GT(width(interval), 20 * width(median_interval(few)));
}

TEST(Bootstrap, LaunchesThatDifferWidenTheInterval) {
  Random random(11);
  for (const std::size_t count : {2U, 3U, 5U, 8U}) {
    std::vector<LaunchValues> launches;
    for (std::size_t i = 0; i < count; ++i) {
      launches.push_back(
          one_value_each(test::normal_series(20, random, 1 + 0.1 * static_cast<double>(i % 2), 0.001)));
    }
    constexpr std::array median{50.0};
    const auto interval = percentile_intervals(launches, median).front();
    EXPECT_EQ(interval.method, count < 5 ? IntervalMethod::student_t : IntervalMethod::bootstrap);
    EXPECT_GT(width(interval), 0.08) << count;
  }
}

TEST(Bootstrap, PercentilesOfTokensNeedTheirCount) {
  Random random(13);
  LaunchValues launch;
  for (int i = 0; i < 6; ++i) launch.push_back(test::normal_series(10, random));
  constexpr std::array percents{50.0, 90.0, 99.0};
  const auto intervals = percentile_intervals(std::array{launch}, percents);
  EXPECT_TRUE(intervals[0].interval);
  EXPECT_TRUE(intervals[1].interval);
  EXPECT_FALSE(intervals[2].interval);  // 60 tokens
}

TEST(Bootstrap, IsQuick) {
  // A gross bound: an error of order would show, a slow machine would not.
  Random random(17);
  LaunchValues launch;
  for (int i = 0; i < 100; ++i) launch.push_back(test::normal_series(100, random));
  constexpr std::array percents{25.0, 50.0, 75.0, 90.0, 95.0, 99.0};
  const std::int64_t start_ns = monotonic_now_ns();
  static_cast<void>(percentile_intervals(std::array{launch}, percents));
  RecordProperty("milliseconds", static_cast<int>((monotonic_now_ns() - start_ns) / 1'000'000));
}

struct CoverageRow {
  const char* name;
  double median;
  std::size_t count;
  double least, most;  // coverage
  std::function<Series(std::size_t, Random&)> draw;
};

TEST(BootstrapSlow, CoversKnownMedians) {
  const auto autocorrelated = [](double rho) {
    return
        [rho](std::size_t count, Random& random) { return test::autocorrelated_series(count, random, rho); };
  };
  const auto normal = [](std::size_t count, Random& random) { return test::normal_series(count, random); };
  const auto log_normal = [](std::size_t count, Random& random) {
    return test::log_normal_series(count, random);
  };
  const auto bimodal = [](std::size_t count, Random& random) { return test::bimodal_series(count, random); };
  std::vector<CoverageRow> rows;
  // Of five values the exact coverage is 93.75% for whatever distribution; three standard deviations less.
  rows.push_back({"normal", 1, 5, 0.915, 0.96, normal});
  rows.push_back({"log-normal", 1, 5, 0.915, 0.96, log_normal});
  rows.push_back({"bimodal", test::bimodal_median, 5, 0.915, 0.96, bimodal});
  for (const std::size_t count : {30U, 50U, 100U}) {
    rows.push_back({"normal", 1, count, 0.93, 0.97, normal});
    rows.push_back({"log-normal", 1, count, 0.93, 0.97, log_normal});
    rows.push_back({"bimodal", test::bimodal_median, count, 0.93, 0.97, bimodal});
  }
  for (const std::size_t count : {50U, 100U, 200U}) {
    rows.push_back({"autocorrelated 0.3", 1, count, 0.93, 0.97, autocorrelated(0.3)});
    rows.push_back({"autocorrelated 0.6", 1, count, 0.93, 0.97, autocorrelated(0.6)});
  }
  constexpr int trials = 1000;
  for (const CoverageRow& row : rows) {
    Random random(row.count);
    int covered = 0;
    for (int trial = 0; trial < trials; ++trial) {
      covered += covers(median_interval(row.draw(row.count, random)), row.median);
    }
    const double coverage = static_cast<double>(covered) / trials;
    std::printf("%-18s n = %3zu: %.3f\n", row.name, row.count, coverage);
    EXPECT_GE(coverage, row.least) << row.name << ' ' << row.count;
    EXPECT_LE(coverage, row.most) << row.name << ' ' << row.count;
  }
}

}  // namespace
}  // namespace bv2
