// When a scenario has been measured enough.
#include "framework/stopping.h"

#include <gmock/gmock.h>

namespace bv2 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t second = 1'000'000'000;

constexpr double narrow = 0.01;
constexpr double wide = 0.2;
constexpr double wider = 0.3;

/// Iterations of a second, and how exactly their median is known.
class Iterations {
 public:
  explicit Iterations(std::size_t count, std::optional<double> precision = {}, double seconds = 1)
      : values_(count, seconds), precision_(precision) {}
  [[nodiscard]] MeasuredSoFar of(std::int64_t least) const {
    return {.latency_seconds = values_,
            .precision = [precision = precision_] { return precision; },
            .iterations_in_launch = static_cast<std::int64_t>(values_.size()),
            .least_iterations = least};
  }

 private:
  std::vector<double> values_;
  std::optional<double> precision_;
};

TEST(StoppingRule, FixedGivesEachItsIterations) {
  const StoppingRule rule({});
  const Iterations none(0);
  const Iterations two(2);
  const Iterations three(3);
  EXPECT_THAT(rule.next_round(std::vector{none.of(3), three.of(3), two.of(3)}, 0), ElementsAre(0U, 2U));
  EXPECT_THAT(rule.next_round(std::vector{three.of(3)}, 0), IsEmpty());
  EXPECT_THAT(rule.next_round({}, 0), IsEmpty());
}

TEST(StoppingRule, PrecisionGoesOnUntilTheIntervalIsNarrow) {
  const StoppingRule rule({.target_precision = 0.05});
  const Iterations few(5, 0.0);
  const Iterations exact(8, narrow);
  const Iterations vague(8, wide);
  EXPECT_THAT(rule.next_round(std::vector{few.of(5), exact.of(5), vague.of(5)}, 0), ElementsAre(0U, 2U))
      << "of five values no interval counts";
  EXPECT_THAT(rule.next_round(std::vector{exact.of(9), vague.of(5)}, 0), ElementsAre(0U))
      << "the least iterations come first";
  const Iterations endless(static_cast<std::size_t>(most_iterations_for_precision), wide);
  EXPECT_THAT(rule.next_round(std::vector{endless.of(5)}, 0), IsEmpty());
}

TEST(StoppingRule, FixedNeverLooksAtThePrecision) {
  MeasuredSoFar done = Iterations(8).of(5);
  const std::vector<double> values(8, 1.0);
  done.latency_seconds = values;
  done.precision = []() -> std::optional<double> { throw std::logic_error("it takes time"); };
  EXPECT_THAT(StoppingRule({}).next_round(std::vector{done}, 0), IsEmpty());
}

TEST(StoppingRule, BudgetGoesToWhoNeedsItMost) {
  const StoppingRule rule({.target_precision = 0, .budget_ns = 100 * second});
  const Iterations exact(8, narrow);
  const Iterations vague(8, wide);
  const Iterations vaguest(8, wider);
  const std::vector scenarios{exact.of(5), vaguest.of(5), vague.of(5)};
  EXPECT_THAT(rule.next_round(scenarios, 50 * second), ElementsAre(1U));
  const Iterations few(5, 0.0);
  EXPECT_THAT(rule.next_round(std::vector{vague.of(5), few.of(5)}, 50 * second), ElementsAre(1U))
      << "without an interval";
  EXPECT_THAT(rule.next_round(scenarios, second / 2), IsEmpty()) << "none would end in time";
}

TEST(StoppingRule, BudgetAllowsNoIterationThatWouldEndTooLateButTheFirst) {
  const StoppingRule rule({.target_precision = 0, .budget_ns = 100 * second});
  const Iterations none(0);
  const Iterations slow(1, {}, 10);
  const Iterations quick(1, {}, 0.1);
  EXPECT_THAT(rule.next_round(std::vector{none.of(5), slow.of(5), quick.of(5)}, second), ElementsAre(0U, 2U));
  EXPECT_THAT(rule.next_round(std::vector{none.of(5), quick.of(5)}, -second), ElementsAre(0U));
}

TEST(StoppingRule, BudgetEndsEarlyWhenThePrecisionIsThere) {
  const StoppingRule rule({.target_precision = 0.05, .budget_ns = 100 * second});
  const Iterations exact(8, narrow);
  const Iterations vague(8, wide);
  EXPECT_THAT(rule.next_round(std::vector{exact.of(5), vague.of(5)}, 50 * second), ElementsAre(1U));
  EXPECT_THAT(rule.next_round(std::vector{exact.of(5)}, 50 * second), IsEmpty());
}

}  // namespace
}  // namespace bv2
