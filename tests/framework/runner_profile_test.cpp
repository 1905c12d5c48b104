// --num-tokens-to-profile: a trace after the measured iterations, named in the result.
#include <gmock/gmock.h>

#include "base/file.h"
#include "framework/runner.h"
#include "support/run_fixture.h"
#include "support/trace_checker.h"

namespace bv2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using RunnerProfile = test::RunTest;

std::vector<std::string> files_in(const std::filesystem::path& folder, std::string_view part) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.find(part) != std::string::npos) names.push_back(name);
  }
  return names;
}

TEST_F(RunnerProfile, WritesATraceBesideTheDocument) {
  const auto record = add({.next_token_ns = 100'000}).record();
  options_.tokens_to_profile = 2;
  EXPECT_EQ(run().exit_status, 0);
  const ScenarioResult result = scenario();
  ASSERT_TRUE(result.profile);
  ASSERT_TRUE(result.profile->file);
  EXPECT_FALSE(result.profile->error);
  const auto path = outcome_.documents.at(0).parent_path() / *result.profile->file;
  const Json trace = read_json(path);
  EXPECT_EQ(test::trace_faults(trace), "");
  std::vector<std::string> steps;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] == "X" && event["cat"] == "step") steps.push_back(event["name"]);
  }
  EXPECT_THAT(steps, ElementsAre("prefill", "token 1", "token 2"));
  ASSERT_EQ(result.profile->phases.size(), 2U);
  EXPECT_EQ(result.profile->phases[1].steps, 2);
  EXPECT_GE(result.profile->phases[1].seconds, 100e-6);
  EXPECT_GE(result.profile->phases[1].untraced_seconds, 100e-6);
  // The check, a warm-up and three iterations of five tokens; then three untraced and one traced of three.
  ASSERT_EQ(record->calls.size(), 9U);
  EXPECT_EQ(result.iterations.size(), 3U);
  for (std::size_t call = 5; call < 9; ++call) EXPECT_EQ(record->calls[call].token_ns.size(), 3U);
  EXPECT_THAT(observer_.events, testing::Contains("profile"));
}

TEST_F(RunnerProfile, AnEncoderHasOneForward) {
  add({.kind = ModelKind::encoder});
  options_.tokens_to_profile = 5;
  run();
  const ScenarioResult result = scenario();
  ASSERT_TRUE(result.profile && result.profile->file);
  ASSERT_EQ(result.profile->phases.size(), 1U);
  EXPECT_EQ(result.profile->phases[0].phase, "forward");
}

TEST_F(RunnerProfile, WithoutBeingAskedForThereIsNone) {
  add();
  run();
  EXPECT_FALSE(scenario().profile);
  EXPECT_THAT(files_in(outcome_.documents.at(0).parent_path(), "_trace_"), ElementsAre());
}

TEST_F(RunnerProfile, WhatGoesWrongWithItLeavesTheMeasurements) {
  add({.fault = test::Fault::generate_throws,
       .fault_at_call = 6});  // the second call after the measured ones
  options_.tokens_to_profile = 2;
  EXPECT_EQ(run().exit_status, 0);
  const ScenarioResult result = scenario();
  EXPECT_EQ(result.status, ScenarioStatus::success);
  EXPECT_EQ(result.iterations.size(), 3U);
  ASSERT_TRUE(result.profile);
  EXPECT_EQ(result.profile->file, std::nullopt);
  EXPECT_EQ(result.profile->error.value_or(""), "the model broke");
  EXPECT_THAT(observer_.problems, ElementsAre(HasSubstr("was not traced: the model broke")));
  EXPECT_THAT(files_in(outcome_.documents.at(0).parent_path(), "_trace_"), ElementsAre());
}

}  // namespace
}  // namespace bv2
