// The modes of one run compared: baselines, pairing by round, and the line on the console.
#include "framework/mode_comparison.h"

#include <gmock/gmock.h>

#include <cmath>

#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;
using testing::IsEmpty;

/// Scenarios of 20 rounds in which the machine becomes slower and slower.
class ModeComparisonTest : public testing::Test {
 protected:
  ScenarioResult scenario(const std::string& variant, double seconds, std::int64_t first_round = 0,
                          const std::string& attention = "sdpa") {
    ScenarioResult result;
    result.scenario_name = variant;
    result.status = ScenarioStatus::success;
    result.metadata.config.variant = variant;
    result.metadata.config.attn_implementation = attention;
    const auto noise = test::normal_series(20, random_, 1, 0.005);
    for (std::size_t i = 0; i < noise.size(); ++i) {
      const double drift = 1 + 0.1 * static_cast<double>(i);
      result.iterations.push_back({.start_ns = 0,
                                   .token_ns = {std::llround(seconds * drift * noise[i] * 1e9)},
                                   .order = 0,
                                   .round = first_round + static_cast<std::int64_t>(i),
                                   .launch = 0,
                                   .flags = {}});
    }
    return result;
  }

  Random random_{1};
};

TEST_F(ModeComparisonTest, PairsByRound) {
  const std::vector scenarios{scenario("eager", 0.1), scenario("kernelized", 0.05)};
  const auto comparisons = compare_modes(scenarios);
  ASSERT_EQ(comparisons.size(), 1U);
  EXPECT_EQ(comparisons[0].base, "eager");
  EXPECT_TRUE(comparisons[0].paired);
  EXPECT_EQ(comparisons[0].rounds, 20);
  EXPECT_NEAR(*comparisons[0].speedup, 2, 0.02);
  EXPECT_GT((*comparisons[0].speedup_ci95)[0], 1.97);  // the drift is in no interval
  EXPECT_LT((*comparisons[0].speedup_ci95)[1], 2.03);
  EXPECT_EQ(comparisons[0].verdict, Verdict::faster);
}

TEST_F(ModeComparisonTest, WithoutCommonRoundsTheyWereMeasuredApart) {
  const std::vector scenarios{scenario("eager", 0.1), scenario("kernelized", 0.05, 100)};
  const auto comparison = compare_modes(scenarios).at(0);
  EXPECT_FALSE(comparison.paired);
  EXPECT_LT((*comparison.speedup_ci95)[0], 1.9);
  EXPECT_THAT(mode_comparison_line(comparison), testing::EndsWith("eager (measured apart)"));
}

TEST_F(ModeComparisonTest, IterationsBeforeTheSteadyStateDoNotCount) {
  auto slow_begin = scenario("kernelized", 0.05);
  for (std::size_t i = 0; i < 10; ++i) {
    slow_begin.iterations[i].token_ns[0] *= 10;
    slow_begin.iterations[i].flags = {"warm_up"};
  }
  const auto comparison = compare_modes(std::vector{scenario("eager", 0.1), slow_begin}).at(0);
  EXPECT_EQ(comparison.rounds, 10);
  EXPECT_NEAR(*comparison.speedup, 2, 0.02);
}

TEST_F(ModeComparisonTest, TheBaselineIsTheEagerOneWithTheSameAttention) {
  auto other_attention = scenario("eager", 0.2, 0, "eager");
  other_attention.scenario_name = "eager_eager_attn";
  EXPECT_EQ(compare_modes(std::vector{other_attention, scenario("eager", 0.1), scenario("kernelized", 0.05)})
                .at(0)
                .base,
            "eager");
  EXPECT_EQ(compare_modes(std::vector{other_attention, scenario("kernelized", 0.05)}).at(0).base,
            "eager_eager_attn");
}

TEST_F(ModeComparisonTest, OtherWorkloadsAndFailuresAreNoBaselines) {
  auto longer = scenario("eager", 0.1);
  longer.metadata.config.batch_size = 4;
  auto failed = scenario("eager", 0.1);
  failed.status = ScenarioStatus::crashed;
  EXPECT_THAT(compare_modes(std::vector{longer, failed, scenario("kernelized", 0.05)}), IsEmpty());
}

TEST_F(ModeComparisonTest, SaysWhenCompilingHasPaidForItself) {
  const auto with = [&](const std::string& variant, double tokens_per_second, double prepare_seconds) {
    ScenarioResult result = scenario(variant, 100 / tokens_per_second);
    Summary rate;
    rate.median = tokens_per_second;
    result.measurements.emplace_back("tokens_per_second", rate);
    result.phases.prepare_seconds = prepare_seconds;
    return result;
  };
  const ScenarioResult eager = with("eager", 50, 0.5);
  ScenarioResult compiled = with("compiled", 100, 4.5);
  compiled.phases.preparation.emplace(PreparationTimes{.compile_seconds = 3.5});
  const BreakEven paid = *compare_modes(std::vector{eager, compiled}).at(0).break_even;
  EXPECT_EQ(paid.tokens, 400);  // 4 s at 10 ms a token
  EXPECT_FALSE(paid.from_cache);
  EXPECT_THAT(mode_comparison_line(compare_modes(std::vector{eager, compiled}).at(0)),
              testing::EndsWith("eager; has saved its 4.0 s of preparation after 400 tokens"));
  compiled.phases.preparation->compile_seconds = 0;
  EXPECT_THAT(mode_comparison_line(compare_modes(std::vector{eager, compiled}).at(0)),
              testing::HasSubstr("preparation (code from the cache) after"));
  ScenarioResult slower = with("compiled", 40, 4.5);
  slower.phases.preparation = compiled.phases.preparation;
  EXPECT_FALSE(compare_modes(std::vector{eager, slower}).at(0).break_even->tokens);
  // What compiles nothing has nothing to pay for.
  EXPECT_FALSE(compare_modes(std::vector{eager, with("kernelized", 100, 4.5)}).at(0).break_even);
}

TEST(ModeComparison, Line) {
  const ModeComparison comparison{.base = "eager",
                                  .scenario = "kernelized",
                                  .paired = true,
                                  .rounds = 5,
                                  .speedup = 2.849,
                                  .speedup_ci95 = Interval{2.7, 3.001}};
  EXPECT_EQ(mode_comparison_line(comparison), "kernelized is 2.85x [2.70, 3.00] eager");
  EXPECT_EQ(mode_comparison_line({}), "");
}

ModeComparison compared(Verdict verdict, double speedup, double half_width, std::int64_t rounds = 5) {
  return {.base = "eager",
          .scenario = "kernelized",
          .paired = true,
          .rounds = rounds,
          .speedup = speedup,
          .speedup_ci95 = Interval{speedup / (1 + half_width), speedup * (1 + half_width)},
          .verdict = verdict};
}

TEST(ModeComparison, HintSaysHowManyIterationsWouldTell) {
  const auto hint = [](const ModeComparison& comparison) {
    return mode_comparison_hint(std::span(&comparison, 1));
  };
  EXPECT_EQ(hint(compared(Verdict::faster, 2, 0.2)), "");
  EXPECT_EQ(hint(compared(Verdict::equivalent, 1, 0.01)), "");
  // The interval has to become 2.5 times as narrow, for the margin of 2%.
  EXPECT_EQ(hint(compared(Verdict::inconclusive, 1, 0.05, 10)),
            "10 rounds tell too little of kernelized against eager: about 70 should "
            "(--measurement-iterations)");
  EXPECT_EQ(hint(compared(Verdict::faster, 3, 0.5)),
            "5 rounds tell too little of kernelized against eager: about 350 should "
            "(--measurement-iterations)");
  EXPECT_THAT(hint(compared(Verdict::inconclusive, 1, 3, 5)), testing::HasSubstr("use a quieter machine"));
  const std::vector both{compared(Verdict::inconclusive, 1, 0.03), compared(Verdict::inconclusive, 1, 0.05)};
  EXPECT_EQ(mode_comparison_hint(both), hint(both[1])) << "of the worst";
  EXPECT_EQ(mode_comparison_hint({}), "");
}

}  // namespace
}  // namespace bv2
