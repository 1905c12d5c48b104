// From iterations to statistics: what counts, and what follows for tokens and launches.
#include "framework/scenario_summary.h"

#include <gmock/gmock.h>

#include "support/series.h"

namespace bv2 {
namespace {

using testing::ElementsAre;

/// Iterations of `tokens` new tokens of 10 ms each.
ScenarioResult scenario_of(const std::vector<double>& factors, std::int64_t launches = 1,
                           std::int64_t tokens = 10) {
  ScenarioResult result;
  result.metadata.prompt = PromptInfo{.source = PromptSource::seeded, .tokens = 16, .text = {}};
  for (std::int64_t launch = 0; launch < launches; ++launch) {
    for (const double factor : factors) {
      Iteration iteration{
          .start_ns = 1000, .token_ns = {}, .order = 0, .round = 0, .launch = launch, .flags = {}};
      for (std::int64_t token = 1; token <= tokens; ++token) {
        iteration.token_ns.push_back(1000 +
                                     static_cast<std::int64_t>(factor * 1e7 * static_cast<double>(token)));
      }
      result.iterations.push_back(iteration);
    }
  }
  return result;
}

TEST(ScenarioSummary, WarmUpIsFlaggedAndDoesNotCount) {
  std::vector<double> factors(12, 1);
  for (std::size_t i = 0; i < factors.size(); ++i) factors[i] += 0.001 * static_cast<double>(i * 5 % 12);
  factors[0] = 2;
  auto result = scenario_of(factors);
  summarise_scenario(result);
  ASSERT_EQ(result.steady_state.size(), 1U);
  EXPECT_EQ(result.steady_state[0].begin, 1U);
  EXPECT_THAT(result.iterations[0].flags, ElementsAre("warm_up"));
  EXPECT_EQ(result.measurement("latency")->count, 11U);
  EXPECT_LT(*result.measurement("latency")->max, 0.11);
  EXPECT_EQ(result.token_latency.count, 11U * 9);
  summarise_scenario(result);  // again: nothing more is left out
  EXPECT_EQ(result.measurement("latency")->count, 11U);
}

TEST(ScenarioSummary, WhatNeverBecameSteadyCountsWholeAndSaysSo) {
  std::vector<double> factors(20, 1);
  for (std::size_t i = 16; i < 20; ++i) factors[i] = 2;
  auto result = scenario_of(factors);
  summarise_scenario(result);
  EXPECT_EQ(result.steady_state[0].steadiness, Steadiness::still_changing);
  EXPECT_EQ(result.measurement("latency")->count, 20U);
}

TEST(ScenarioSummary, TheWarmUpIsPartOfTheSeries) {
  auto result = scenario_of({1.3, 1.001, 1, 1.002, 1});  // too few by themselves
  summarise_scenario(result);
  EXPECT_EQ(result.steady_state[0].steadiness, Steadiness::too_few);
  EXPECT_EQ(result.measurement("latency")->count, 5U);
  const std::vector<double> warm_up{0.2, 0.16, 0.15};  // seconds; an iteration has 0.1
  result.steady_state[0].warm_up_seconds = warm_up;
  summarise_scenario(result);
  EXPECT_EQ(result.steady_state[0].steadiness, Steadiness::steady);
  EXPECT_EQ(result.steady_state[0].begin, 1U) << "of the measured ones";
  EXPECT_THAT(result.steady_state[0].changes, ElementsAre(1U));
  EXPECT_EQ(result.steady_state[0].warm_up_seconds, warm_up);
  EXPECT_THAT(result.iterations[0].flags, ElementsAre("warm_up"));
  EXPECT_EQ(result.measurement("latency")->count, 4U);
}

TEST(ScenarioSummary, ThePrecisionIsThatOfTheResult) {
  std::vector<double> factors(12, 1);
  for (std::size_t i = 0; i < factors.size(); ++i) factors[i] += 0.001 * static_cast<double>(i * 5 % 12);
  factors[0] = 2;
  auto result = scenario_of(factors);
  const auto precision = latency_precision(result);
  summarise_scenario(result);
  ASSERT_TRUE(precision);
  EXPECT_EQ(precision, relative_precision(*result.measurement("latency")));
  EXPECT_LT(*precision, 0.01) << "the first iteration is left out";
  auto one = scenario_of({1});
  EXPECT_FALSE(latency_precision(one));
}

TEST(ScenarioSummary, LaunchesAreSearchedByThemselves) {
  auto result = scenario_of({1, 1.001, 1, 1.002, 1, 1.001, 1}, 3);
  result.iterations[0].counters = {{"peak_resident_bytes", 5}};
  result.iterations[1].counters = {{"peak_resident_bytes", 6}};
  summarise_scenario(result);
  EXPECT_EQ(result.steady_state.size(), 3U);
  EXPECT_EQ(result.measurement("latency")->ci95_method, IntervalMethod::student_t);
  EXPECT_EQ(result.measurement("peak_host_memory")->count, 2U);
}

TEST(ScenarioSummary, TheFitIsOverTheContext) {
  auto result = scenario_of({1, 1, 1, 1, 1}, 1, 50);
  summarise_scenario(result);
  EXPECT_NEAR(*result.token_latency.context_fit.intercept_seconds, 0.01, 1e-9);
  EXPECT_NEAR(*result.token_latency.context_fit.slope_seconds_per_token, 0, 1e-12);
}

TEST(ScenarioSummary, NothingOfNothing) {
  ScenarioResult result;
  summarise_scenario(result);
  EXPECT_TRUE(result.measurements.empty());
}

}  // namespace
}  // namespace bv2
