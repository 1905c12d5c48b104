// Times are true: what a run reports against what a session of known token times recorded itself.
#include <gmock/gmock.h>

#include <cmath>

#include "framework/runner.h"
#include "framework/statistics.h"
#include "support/run_fixture.h"

namespace bv2 {
namespace {

using RunnerTimesTest = test::RunTest;

constexpr double first_token_seconds = 0.005;
constexpr double next_token_seconds = 0.002;

struct OwnTimes {
  std::vector<double> first_token;
  std::vector<double> between_tokens;
};

OwnTimes own_times(const test::FakeRecord& record, std::size_t skipped_calls) {
  OwnTimes own;
  for (std::size_t i = skipped_calls; i < record.calls.size(); ++i) {
    const auto& call = record.calls[i];
    const auto tokens = static_cast<double>(call.token_ns.size());
    own.first_token.push_back(static_cast<double>(call.token_ns.front() - call.start_ns) * 1e-9);
    own.between_tokens.push_back(static_cast<double>(call.token_ns.back() - call.token_ns.front()) * 1e-9 /
                                 (tokens - 1));
  }
  return own;
}

TEST_F(RunnerTimesTest, AreThoseOfTheSession) {
  const auto record = add({.first_token_ns = 5'000'000, .next_token_ns = 2'000'000}).record();
  options_.measurement_iterations = 9;
  options_.num_tokens_to_generate = {20};
  ASSERT_EQ(run().exit_status, 0);
  const OwnTimes own = own_times(*record, 2);  // without the check and the warm-up
  const ScenarioResult result = scenario();
  const double first_token = *summarise("", own.first_token).median;
  const double between_tokens = *summarise("", own.between_tokens).median;
  // Of all iterations: on a busy machine some are left out of the result's own median.
  const auto median_of_all = [&](std::string_view metric) {
    return *summarise("", result.measurement(metric)->measurements).median;
  };
  EXPECT_NEAR(median_of_all("time_to_first_token"), first_token, 0.02 * first_token);
  EXPECT_NEAR(median_of_all("inter_token_latency"), between_tokens, 0.02 * between_tokens);
  EXPECT_GE(*result.measurement("time_to_first_token")->min, first_token_seconds);
  EXPECT_GE(*result.measurement("inter_token_latency")->min, next_token_seconds * (1 - 1e-3));
  EXPECT_GE(*result.measurement("latency")->min, first_token_seconds + 19 * next_token_seconds * (1 - 1e-3));
  EXPECT_GE(*result.phases.first_call_seconds, first_token_seconds + 3 * next_token_seconds * (1 - 1e-3));
  EXPECT_THAT(observer_.latencies_seconds, testing::Each(testing::Ge(first_token_seconds)));
}

TEST_F(RunnerTimesTest, EveryIterationHoldsTheTimesOfItsOwnCall) {
  const auto record = add({.first_token_ns = 500'000, .next_token_ns = 100'000}).record();
  ASSERT_EQ(run().exit_status, 0);
  const ScenarioResult result = scenario();
  for (std::size_t i = 0; i < result.iterations.size(); ++i) {
    const auto& call = record->calls[i + 2];
    const Iteration& iteration = result.iterations[i];
    EXPECT_LE(iteration.start_ns, call.start_ns);
    for (std::size_t token = 0; token < call.token_ns.size(); ++token) {
      EXPECT_GE(iteration.token_ns[token], call.token_ns[token]);
      if (token + 1 == call.token_ns.size()) continue;
      EXPECT_LE(iteration.token_ns[token], call.token_ns[token + 1]);
    }
  }
}

}  // namespace
}  // namespace bv2
