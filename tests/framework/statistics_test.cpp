// Statistics: values worked out by hand or by the exact formulas, and what few values do not support.
#include "framework/statistics.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace bv2 {
namespace {

std::vector<double> one_to(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Statistics, OfKnownValuesInAnyOrder) {
  // numpy.percentile([3, 1, 4, 1.5, 9, 2.6], [25, 50, 75]) = [1.775, 2.8, 3.75]
  const Summary summary = summarise("seconds", {3, 1, 4, 1.5, 9, 2.6});
  EXPECT_EQ(summary.unit, "seconds");
  EXPECT_THAT(summary.measurements, testing::ElementsAre(3, 1, 4, 1.5, 9, 2.6));
  EXPECT_EQ(summary.count, 6U);
  EXPECT_DOUBLE_EQ(*summary.mean, 21.1 / 6);
  EXPECT_DOUBLE_EQ(*summary.median, 2.8);
  EXPECT_DOUBLE_EQ(*summary.p25, 1.775);
  EXPECT_DOUBLE_EQ(*summary.p75, 3.75);
  EXPECT_DOUBLE_EQ(*summary.min, 1);
  EXPECT_DOUBLE_EQ(*summary.max, 9);
  EXPECT_NEAR(*summary.std, std::sqrt((116.01 - 21.1 * 21.1 / 6) / 5), 1e-12);
  EXPECT_THAT(*summary.ci95, testing::ElementsAre(1, 9));
}

TEST(Statistics, PercentilesInterpolateBetweenRanks) {
  const std::vector<double> values = one_to(100);  // rank of p: p / 100 * 99, values are rank + 1
  for (const double percent : {0.0, 25.0, 37.5, 50.0, 90.0, 95.0, 99.0, 100.0}) {
    EXPECT_NEAR(percentile(values, percent), 1 + percent / 100 * 99, 1e-12) << percent;
  }
  EXPECT_EQ(percentile(std::vector{7.0}, 99), 7);
}

TEST(Statistics, NothingOfNothing) {
  const Summary summary = summarise("seconds", {});
  EXPECT_EQ(summary.count, 0U);
  EXPECT_FALSE(summary.mean || summary.median || summary.std || summary.min || summary.max || summary.p25 ||
               summary.p75 || summary.p90 || summary.p95 || summary.p99 || summary.ci95);
}

TEST(Statistics, OneValueHasNoSpread) {
  const Summary summary = summarise("seconds", {2.5});
  EXPECT_EQ(summary.mean, 2.5);
  EXPECT_EQ(summary.median, 2.5);
  EXPECT_FALSE(summary.std);
  EXPECT_FALSE(summary.p25);
  EXPECT_FALSE(summary.ci95);
}

TEST(Statistics, PercentilesNeedEnoughValues) {
  struct Row {
    double percent;
    std::size_t enough;
  };
  for (const Row row : {Row{25, 4}, Row{75, 4}, Row{90, 10}, Row{95, 20}, Row{99, 100}}) {
    EXPECT_TRUE(supports_percentile(row.enough, row.percent)) << row.percent;
    EXPECT_FALSE(supports_percentile(row.enough - 1, row.percent)) << row.percent;
  }
  EXPECT_FALSE(summarise("", one_to(19)).p95);
  EXPECT_TRUE(summarise("", one_to(20)).p95);
  EXPECT_FALSE(summarise("", one_to(99)).p99);
  EXPECT_TRUE(summarise("", one_to(100)).p99);
}

TEST(Statistics, ValuesThatAreNotFiniteAreKeptButNotCounted) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const Summary summary = summarise("seconds", {nan, 1, infinity, 3, -infinity});
  EXPECT_EQ(summary.measurements.size(), 5U);
  EXPECT_EQ(summary.count, 2U);
  EXPECT_EQ(summary.mean, 2);
  EXPECT_EQ(summary.median, 2);
  EXPECT_EQ(summary.max, 3);
}

// P(X <= k - 1) for X ~ binomial(n, 1/2), by Pascal's triangle: another way than the one under test.
double cumulative_half_binomial(std::size_t n, std::size_t k) {
  std::vector<double> row{1};
  for (std::size_t i = 0; i < n; ++i) {
    row.push_back(0);
    for (std::size_t j = row.size() - 1; j > 0; --j) row[j] = (row[j] + row[j - 1]) / 2;
    row[0] /= 2;
  }
  return std::accumulate(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(k), 0.0);
}

TEST(Statistics, MedianIntervalIsTheTightestThatCovers) {
  for (std::size_t count = 1; count <= 200; ++count) {
    const std::vector<double> values = one_to(count);
    const auto interval = median_confidence_interval(values);
    ASSERT_EQ(interval.has_value(), count >= 6) << count;
    if (!interval) continue;
    const auto k = static_cast<std::size_t>((*interval)[0]);  // the k-th smallest value is k
    EXPECT_EQ((*interval)[1], static_cast<double>(count + 1 - k)) << count;
    EXPECT_LE(cumulative_half_binomial(count, k), 0.025) << count;
    EXPECT_GT(cumulative_half_binomial(count, k + 1), 0.025) << count;
  }
}

TEST(Statistics, MedianIntervalOfTableValues) {
  // Conover, Practical Nonparametric Statistics: ranks 2 and 9 of 10, 6 and 15 of 20, 40 and 61 of 100.
  using testing::ElementsAre;
  EXPECT_THAT(*median_confidence_interval(one_to(10)), ElementsAre(2, 9));
  EXPECT_THAT(*median_confidence_interval(one_to(20)), ElementsAre(6, 15));
  EXPECT_THAT(*median_confidence_interval(one_to(100)), ElementsAre(40, 61));
}

TEST(Statistics, MedianIntervalOfManyValuesDoesNotUnderflow) {
  // The normal approximation: n / 2 - 1.96 sqrt(n) / 2 = 49'690 of 100'000.
  const auto interval = median_confidence_interval(one_to(100'000));
  EXPECT_NEAR((*interval)[0], 49'690, 2);
}

TEST(Statistics, MedianIntervalCoversTheMedian) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(0, 1);  // median 1
  int covered = 0;
  constexpr int trials = 2000;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> values(15);
    for (double& value : values) value = latency(random);
    std::ranges::sort(values);
    const auto interval = *median_confidence_interval(values);
    covered += interval[0] <= 1 && 1 <= interval[1];
  }
  // The exact coverage of 15 values is 96.48%; five standard deviations of the mean of 2000 trials are 2.1%.
  EXPECT_NEAR(static_cast<double>(covered) / trials, 0.9648, 0.021);
}

}  // namespace
}  // namespace bv2
