// The tool measured by itself: counted verdicts, small errors, and (slowly) A/A and power on this machine.
#include "framework/calibration.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "base/clock.h"

namespace bv2 {
namespace {

using testing::HasSubstr;

TEST(Calibration, CountsTheVerdicts) {
  const InterruptFlag interrupt;
  const RepeatedComparison how{.comparisons = 7, .iterations = 5};
  const auto one = [] { return 1.0; };
  const auto half = [] { return 0.5; };
  EXPECT_EQ(compare_repeatedly(one, one, how, interrupt).equivalent, 7U);
  const auto faster = compare_repeatedly(one, half, how, interrupt);
  EXPECT_EQ(faster.faster, 7U);
  EXPECT_EQ(faster.rate(), 1);
  EXPECT_EQ(compare_repeatedly(half, one, how, interrupt).slower, 7U);
}

TEST(Calibration, TakesBothInTurnsInRandomOrder) {
  const InterruptFlag interrupt;
  std::string order;
  compare_repeatedly([&] { return order += 'a', 1.0; }, [&] { return order += 'b', 1.0; },
                     {.comparisons = 1, .iterations = 50}, interrupt);
  ASSERT_EQ(order.size(), 100U);
  std::size_t a_first = 0;
  for (std::size_t i = 0; i < order.size(); i += 2) {
    EXPECT_NE(order[i], order[i + 1]);
    a_first += order[i] == 'a' ? 1 : 0;
  }
  EXPECT_GT(a_first, 10U);
  EXPECT_LT(a_first, 40U);
}

TEST(Calibration, EndsWhenItIsInterrupted) {
  InterruptFlag interrupt;
  interrupt.raise();
  const auto one = [] { return 1.0; };
  EXPECT_THROW(compare_repeatedly(one, one, {}, interrupt), Interrupted);
}

TEST(Calibration, KnownTimesAreMeasured) {
  const InterruptFlag interrupt;
  const auto errors = measure_timing_errors(5, interrupt);
  EXPECT_EQ(errors.iterations, 5U);
  // Of the 1 ms between tokens: a wrong divisor would be off by 50 µs, a preempted token is in the worst
  // only.
  EXPECT_LT(std::abs(errors.inter_token_median_ns), 20'000);
  EXPECT_GE(errors.inter_token_worst_ns, std::abs(errors.inter_token_median_ns));
}

TEST(Calibration, VerdictsAreWords) {
  Calibration calibration;
  calibration.scenario = "fake eager";
  calibration.false_verdicts = {
      .comparisons = 40, .iterations = 10, .faster = 1, .slower = 1, .equivalent = 38};
  EXPECT_THAT(calibration_verdicts(calibration)[0], testing::StartsWith("Trustworthy: 2 of 40"));
  calibration.false_verdicts.slower = 5;
  EXPECT_THAT(calibration_verdicts(calibration)[0], testing::StartsWith("NOT trustworthy here: 6 of 40"));
  calibration.timing_errors.first_token_median_ns = 5000;
  EXPECT_THAT(calibration_verdicts(calibration)[1], HasSubstr("NOT right"));
  MonitorCost all{.monitor = "all together", .median_ns = 60'000};
  all.latency_percent = 0.1;
  all.latency_percent_ci95 = Interval{-0.3, 0.5};
  calibration.monitor_costs = {all};
  EXPECT_EQ(
      calibration_verdicts(calibration)[2],
      "Monitors do not show: iterations with them took +0.10% [-0.30, +0.50] longer; all monitors together "
      "take 60 µs an iteration, before and after what is timed.");
  calibration.monitor_costs[0].latency_percent_ci95 = Interval{0.05, 0.15};
  EXPECT_THAT(calibration_verdicts(calibration)[2],
              testing::StartsWith("Monitors SLOW iterations here: by +0.10%"));
  calibration.monitor_costs[0].latency_percent_ci95 = Interval{-4, 3};
  EXPECT_THAT(calibration_verdicts(calibration)[2],
              testing::StartsWith("Monitors: no effect was seen, but one of 3.00% would not have been: "));
}

TEST(Calibration, MonitorsAreSwitchedOnAndOffInTurns) {
  const InterruptFlag interrupt;
  std::size_t iterations = 0;
  const auto costs =
      measure_monitor_costs([&] { return ++iterations, 1.0; }, {.repetitions = 3, .rounds = 4}, interrupt);
  ASSERT_GE(costs.size(), 3U);
  EXPECT_EQ(costs.back().monitor, "all together");
  EXPECT_EQ(iterations, 4 * (costs.size() + 1)) << "one more in each round: without any";
  for (const MonitorCost& cost : costs) {
    EXPECT_GT(cost.median_ns, 0) << cost.monitor;
    EXPECT_NEAR(*cost.latency_percent, 0, 1e-9) << cost.monitor;
  }
}

/// Seconds of work of about 3 ms, `factor` times as much. Its begin and its end are volatile: known at
/// compile time, or not needed, it would be moved away from between the clock's readings.
double work(double factor) {
  constexpr int rounds = 1'000'000;
  static volatile double value = 1.5;
  const int count = static_cast<int>(rounds * factor);
  const std::int64_t start_ns = monotonic_now_ns();
  double x = value;
  for (int i = 0; i < count; ++i) x = x * 0.999999 + 1.5e-6;
  value = x;
  return static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
}

TEST(CalibrationSlow, WorkIsDone) {
  EXPECT_GT(work(1), 0.5e-3) << "a million dependent additions and products take a few cycles each";
}

TEST(CalibrationSlow, IdenticalWorkIsSeldomFasterOrSlower) {
  const InterruptFlag interrupt;
  const auto found = compare_repeatedly([] { return work(1); }, [] { return work(1); },
                                        {.comparisons = 100, .iterations = 30}, interrupt);
  std::printf("A/A: %zu faster, %zu slower, %zu equivalent, %zu inconclusive; detectable %.2f%%\n",
              found.faster, found.slower, found.equivalent, found.inconclusive,
              found.median_detectable_percent);
  EXPECT_LE(found.rate(), 0.05);
}

TEST(CalibrationSlow, ThreePercentMoreWorkIsFoundSlower) {
  const InterruptFlag interrupt;
  const auto found = compare_repeatedly([] { return work(1); }, [] { return work(1.03); },
                                        {.comparisons = 20, .iterations = 30}, interrupt);
  std::printf("3%%: %zu slower of %zu, %zu equivalent, %zu inconclusive; detectable %.2f%%\n", found.slower,
              found.comparisons, found.equivalent, found.inconclusive, found.median_detectable_percent);
  EXPECT_EQ(found.faster, 0U);
  EXPECT_EQ(found.equivalent, 0U);
  // A difference that is hardly larger than what is detectable is not found each time.
  if (found.median_detectable_percent > 2) GTEST_SKIP() << "this machine is too noisy to find 3% each time";
  EXPECT_GE(found.slower, 18U);
}

}  // namespace
}  // namespace bv2
