// Statistics: values worked out by hand or by the exact formulas, and what few values do not support.
#include "framework/statistics.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace bv2 {
namespace {

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

TEST(Statistics, TheIntervalSaysHowItWasHad) {
  EXPECT_EQ(summarise("", {1}).ci95_method, IntervalMethod::none);
  EXPECT_EQ(summarise("", {1, 2, 3}).ci95_method, IntervalMethod::student_t);
  EXPECT_EQ(summarise("", {1, 2, 3, 4, 5}).ci95_method, IntervalMethod::bootstrap);
}

TEST(Statistics, PercentilesHaveTheirIntervalsWhereTheCountSupportsThem) {
  std::vector<double> values;
  for (int i = 0; i < 50; ++i) values.push_back(i * 37 % 50);
  const Summary summary = summarise("", values);
  ASSERT_EQ(summary.percentile_ci95.size(), 5U);
  EXPECT_EQ(summary.percentile_ci95[2].first, "p90");
  EXPECT_TRUE(summary.p90 && summary.percentile_ci95[2].second);
  EXPECT_TRUE(summary.p95);
  EXPECT_FALSE(summary.percentile_ci95[3].second);  // an interval needs 73
  EXPECT_FALSE(summary.p99);
}

TEST(Statistics, OutliersAreMarkedAndCounted) {
  const Summary summary = summarise("", {1.00, 1.01, 0.99, 5.0, 1.02, 0.98});
  EXPECT_THAT(summary.outliers, testing::ElementsAre(3));
  EXPECT_EQ(summary.count, 6U);
  EXPECT_EQ(summary.max, 5);
}

TEST(Statistics, LaunchesThatDifferWidenTheInterval) {
  const std::vector<double> values{1.00, 1.01, 1.02, 1.2, 1.21, 1.22};
  const Summary one = summarise("", values);
  const Summary two = summarise("", values, std::vector<std::int64_t>{0, 0, 0, 1, 1, 1});
  EXPECT_EQ(two.ci95_method, IntervalMethod::student_t);
  EXPECT_LT((*two.ci95)[0], (*one.ci95)[0]);
  EXPECT_GT((*two.ci95)[1], (*one.ci95)[1]);
}

}  // namespace
}  // namespace bv2
