// `--num-tokens-to-profile` on a small checkpoint, in every mode: the file that a viewer loads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "support/built.h"
#include "support/data.h"
#include "support/process.h"
#include "support/schema.h"
#include "support/temporary_folder.h"
#include "support/trace_checker.h"

namespace bv2 {
namespace {

class TraceProgram : public testing::TestWithParam<std::string> {};

TEST_P(TraceProgram, WritesWhatViewersLoad) {
  const test::TemporaryFolder folder;
  const auto result = test::run_process({test::program(),
                                         "run",
                                         "--model-id",
                                         test::data_dir() / "models/llama",
                                         "--prompt-ids",
                                         "1,2,3,4,5,6",
                                         "--variant",
                                         GetParam(),
                                         "--level",
                                         "0",
                                         "--num-tokens-to-generate",
                                         "2",
                                         "--warmup-iterations",
                                         "0",
                                         "--measurement-iterations",
                                         "1",
                                         "--num-tokens-to-profile",
                                         "3",
                                         "--output-dir",
                                         folder.path(),
                                         "--format",
                                         "jsonl"});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json scenario = parse_json(result.out, "output");
  ASSERT_TRUE(scenario.contains("profile")) << result.err;
  const Json& profile = scenario["profile"];
  ASSERT_TRUE(profile["file"].is_string()) << profile;
  const Json trace = read_json(folder.path() / "llama" / profile["file"].get<std::string>());
  EXPECT_EQ(test::trace_faults(trace), "");

  std::vector<std::string> steps;
  std::int64_t operations = 0;
  std::set<std::string> counters;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] == "C") counters.insert(event["name"]);
    if (event["ph"] != "X" || event["cat"] == "thread") continue;
    if (event["cat"] == "step") {
      steps.push_back(event["name"]);
    } else {
      ++operations;
      EXPECT_TRUE(event["args"].contains("bytes")) << event;
    }
  }
  EXPECT_THAT(steps, testing::ElementsAre("prefill", "token 1", "token 2", "token 3"));
  EXPECT_EQ(operations, profile["spans"].get<std::int64_t>());
  EXPECT_GT(operations, 4 * 3) << "each step has its layers' operations";
  EXPECT_THAT(counters, testing::Contains("cpu_time_ns"));

  const std::map<std::string, std::string> kinds{
      {"eager", "basic"}, {"kernelized", "kernel"}, {"compiled", "group"}};
  const std::string kind = kinds.at(GetParam());
  EXPECT_TRUE(std::ranges::any_of(profile["operations"], [&](const Json& one) {
    return one["kind"] == kind && one["phase"] == "decode" && one["bytes"].get<std::int64_t>() > 0;
  })) << profile["operations"];
  ASSERT_EQ(profile["phases"].size(), 2U);
  EXPECT_EQ(profile["phases"][1]["steps"], 3);
}

INSTANTIATE_TEST_SUITE_P(Modes, TraceProgram, testing::Values("eager", "kernelized"),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Slow, TraceProgram, testing::Values("compiled"),  // a compiler runs
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace bv2
