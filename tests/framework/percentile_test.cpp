// Percentiles and their intervals: values worked out by hand, by tables or by another way of counting.
#include "framework/percentile.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace bv2 {
namespace {

std::vector<double> one_to(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Percentile, InterpolateBetweenRanks) {
  const std::vector<double> values = one_to(100);  // rank of p: p / 100 * 99, values are rank + 1
  for (const double percent : {0.0, 25.0, 37.5, 50.0, 90.0, 95.0, 99.0, 100.0}) {
    EXPECT_NEAR(percentile(values, percent), 1 + percent / 100 * 99, 1e-12) << percent;
  }
  EXPECT_EQ(percentile(std::vector{7.0}, 99), 7);
}

TEST(Percentile, NeedsEnoughValues) {
  struct Row {
    double percent;
    std::size_t enough;
  };
  for (const Row row : {Row{25, 4}, Row{75, 4}, Row{90, 10}, Row{95, 20}, Row{99, 100}}) {
    EXPECT_TRUE(supports_percentile(row.enough, row.percent)) << row.percent;
    EXPECT_FALSE(supports_percentile(row.enough - 1, row.percent)) << row.percent;
  }
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

TEST(Percentile, MedianIntervalIsTheTightestThatCovers) {
  for (std::size_t count = 1; count <= 200; ++count) {
    const std::vector<double> values = one_to(count);
    const auto interval = percentile_interval(values, 50);
    ASSERT_EQ(interval.has_value(), count >= 6) << count;
    if (!interval) continue;
    const auto k = static_cast<std::size_t>((*interval)[0]);  // the k-th smallest value is k
    EXPECT_EQ((*interval)[1], static_cast<double>(count + 1 - k)) << count;
    EXPECT_LE(cumulative_half_binomial(count, k), 0.025) << count;
    EXPECT_GT(cumulative_half_binomial(count, k + 1), 0.025) << count;
  }
}

TEST(Percentile, MedianIntervalOfTableValues) {
  // Conover, Practical Nonparametric Statistics: ranks 2 and 9 of 10, 6 and 15 of 20, 40 and 61 of 100.
  using testing::ElementsAre;
  EXPECT_THAT(*percentile_interval(one_to(10), 50), ElementsAre(2, 9));
  EXPECT_THAT(*percentile_interval(one_to(20), 50), ElementsAre(6, 15));
  EXPECT_THAT(*percentile_interval(one_to(100), 50), ElementsAre(40, 61));
}

TEST(Percentile, MedianIntervalOfManyValuesDoesNotUnderflow) {
  // The normal approximation: n / 2 - 1.96 sqrt(n) / 2 = 49'690 of 100'000.
  const auto interval = percentile_interval(one_to(100'000), 50);
  EXPECT_NEAR((*interval)[0], 49'690, 2);
}

TEST(Percentile, MedianIntervalCoversTheMedian) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(0, 1);  // median 1
  int covered = 0;
  constexpr int trials = 2000;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> values(15);
    for (double& value : values) value = latency(random);
    std::ranges::sort(values);
    const auto interval = *percentile_interval(values, 50);
    covered += interval[0] <= 1 && 1 <= interval[1];
  }
  // The exact coverage of 15 values is 96.48%; five standard deviations of the mean of 2000 trials are 2.1%.
  EXPECT_NEAR(static_cast<double>(covered) / trials, 0.9648, 0.021);
}

// P(X <= k) for X ~ binomial(n, p), term by term through the logarithm of the gamma function.
double cumulative_binomial(std::size_t n, double p, std::size_t k) {
  double sum = 0;
  for (std::size_t i = 0; i <= k; ++i) {
    const auto a = static_cast<double>(n);
    const auto b = static_cast<double>(i);
    sum += std::exp(std::lgamma(a + 1) - std::lgamma(b + 1) - std::lgamma(a - b + 1) + b * std::log(p) +
                    (a - b) * std::log1p(-p));
  }
  return sum;
}

TEST(Percentile, IntervalsAreTheTightestThatCover) {
  for (const double percent : {25.0, 75.0, 90.0, 95.0, 99.0}) {
    const double p = percent / 100;
    for (const std::size_t count : {36U, 73U, 100U, 368U, 1000U}) {
      const auto interval = percentile_interval(one_to(count), percent);
      const bool possible = std::pow(p, count) <= 0.025 && std::pow(1 - p, count) <= 0.025;
      ASSERT_EQ(interval.has_value(), possible) << percent << " of " << count;
      if (!interval) continue;
      const auto low = static_cast<std::size_t>((*interval)[0]);  // the k-th smallest value is k
      const auto high = static_cast<std::size_t>((*interval)[1]);
      EXPECT_LE(cumulative_binomial(count, p, low - 1), 0.025);
      EXPECT_GT(cumulative_binomial(count, p, low), 0.025);
      EXPECT_GE(cumulative_binomial(count, p, high - 1), 0.975);
      EXPECT_LT(cumulative_binomial(count, p, high - 2), 0.975);
    }
  }
}

TEST(Percentile, DependentValuesHaveWiderIntervals) {
  const auto independent = *percentile_interval(one_to(100), 50);
  const auto dependent = *percentile_interval(one_to(100), 50, 4);
  EXPECT_NEAR(dependent[1] - dependent[0], 2 * (independent[1] - independent[0]), 2);
  EXPECT_FALSE(percentile_interval(one_to(8), 50, 9));
}

TEST(Percentile, TheMedianIsOfValuesInAnyOrder) {
  EXPECT_EQ(median_if_any({3, 1, 2}), 2);
  EXPECT_EQ(median_if_any({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median_if_any({}), std::nullopt);
}

}  // namespace
}  // namespace bv2
