// When a scenario has been measured enough.
#include "framework/stopping.h"

#include <gmock/gmock.h>

namespace bv2 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t second = 1'000'000'000;

std::vector<double> alternating(std::size_t count, double low, double high) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = i % 2 == 0 ? low : high;
  return values;
}

MeasuredSoFar measured(const std::vector<double>& values, std::int64_t least) {
  return {.latency_seconds = values,
          .iterations_in_launch = static_cast<std::int64_t>(values.size()),
          .least_iterations = least};
}

TEST(RelativePrecision, IsHalfTheIntervalOfTheMedian) {
  EXPECT_FALSE(relative_precision(std::vector<double>(5, 1.0))) << "too few for an interval";
  EXPECT_DOUBLE_EQ(*relative_precision(std::vector<double>(6, 1.0)), 0);
  EXPECT_DOUBLE_EQ(*relative_precision(alternating(6, 0.9, 1.1)), 0.1);
  EXPECT_FALSE(relative_precision(std::vector<double>(6, 0.0))) << "relative to nothing";
}

TEST(StoppingRule, FixedGivesEachItsIterations) {
  const StoppingRule rule({});
  const std::vector<double> none;
  const std::vector<double> two(2, 1.0);
  const std::vector<double> three(3, 1.0);
  const std::vector scenarios{measured(none, 3), measured(three, 3), measured(two, 3)};
  EXPECT_THAT(rule.next_round(scenarios, 0), ElementsAre(0U, 2U));
  EXPECT_THAT(rule.next_round(std::vector{measured(three, 3)}, 0), IsEmpty());
  EXPECT_THAT(rule.next_round({}, 0), IsEmpty());
}

TEST(StoppingRule, PrecisionGoesOnUntilTheIntervalIsNarrow) {
  const StoppingRule rule({.target_precision = 0.05});
  const std::vector<double> few(5, 1.0);
  const std::vector<double> narrow = alternating(8, 0.99, 1.01);
  const std::vector<double> wide = alternating(8, 0.8, 1.2);
  EXPECT_THAT(rule.next_round(std::vector{measured(few, 5), measured(narrow, 5), measured(wide, 5)}, 0),
              ElementsAre(0U, 2U));
  EXPECT_THAT(rule.next_round(std::vector{measured(narrow, 9), measured(wide, 5)}, 0), ElementsAre(0U))
      << "the least iterations come first";
  const std::vector<double> endless =
      alternating(static_cast<std::size_t>(most_iterations_for_precision), 0.8, 1.2);
  EXPECT_THAT(rule.next_round(std::vector{measured(endless, 5)}, 0), IsEmpty());
}

TEST(StoppingRule, BudgetGoesToWhoNeedsItMost) {
  const StoppingRule rule({.target_precision = 0, .budget_ns = 100 * second});
  const std::vector<double> narrow = alternating(8, 0.99, 1.01);
  const std::vector<double> wide = alternating(8, 0.8, 1.2);
  const std::vector<double> wider = alternating(8, 0.7, 1.3);
  const std::vector scenarios{measured(narrow, 5), measured(wider, 5), measured(wide, 5)};
  EXPECT_THAT(rule.next_round(scenarios, 50 * second), ElementsAre(1U));
  const std::vector<double> few(5, 1.0);
  EXPECT_THAT(rule.next_round(std::vector{measured(wide, 5), measured(few, 5)}, 50 * second), ElementsAre(1U))
      << "without an interval";
  EXPECT_THAT(rule.next_round(scenarios, second / 2), IsEmpty()) << "none would end in time";
}

TEST(StoppingRule, BudgetAllowsNoIterationThatWouldEndTooLateButTheFirst) {
  const StoppingRule rule({.target_precision = 0, .budget_ns = 100 * second});
  const std::vector<double> none;
  const std::vector<double> slow(1, 10.0);
  const std::vector<double> quick(1, 0.1);
  EXPECT_THAT(rule.next_round(std::vector{measured(none, 5), measured(slow, 5), measured(quick, 5)}, second),
              ElementsAre(0U, 2U));
  EXPECT_THAT(rule.next_round(std::vector{measured(none, 5), measured(quick, 5)}, -second), ElementsAre(0U));
}

TEST(StoppingRule, BudgetEndsEarlyWhenThePrecisionIsThere) {
  const StoppingRule rule({.target_precision = 0.05, .budget_ns = 100 * second});
  const std::vector<double> narrow = alternating(8, 0.99, 1.01);
  const std::vector<double> wide = alternating(8, 0.8, 1.2);
  EXPECT_THAT(rule.next_round(std::vector{measured(narrow, 5), measured(wide, 5)}, 50 * second),
              ElementsAre(1U));
  EXPECT_THAT(rule.next_round(std::vector{measured(narrow, 5)}, 50 * second), IsEmpty());
}

}  // namespace
}  // namespace bv2
