// The gate on mixtures of experts, in whole runs: rounding is forgiven, a mistake is not.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/built.h"
#include "support/data.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using testing::HasSubstr;

class ExpertsGate : public testing::Test {
 protected:
  /// One iteration of the fixture; a scenario an element.
  Json scenarios_of(const std::string& dtype, const std::vector<std::string>& more) {
    std::string prompt = "5";
    for (int id = 1; id < prompt_tokens; ++id) prompt += fmt::format(",{}", 5 + id * id % 300);
    std::vector<std::string> command{test::program(),
                                     "--model-id",
                                     test::data_dir() / "models/mixtral",
                                     "--prompt-ids",
                                     prompt,
                                     "--dtype",
                                     dtype,
                                     "--output-dir",
                                     folder_.path() / "results",
                                     "--num-tokens-to-generate",
                                     "8",
                                     "--warmup-iterations",
                                     "0",
                                     "--measurement-iterations",
                                     "1",
                                     "--no-machine-limits",
                                     "--format",
                                     "jsonl"};
    command.insert(command.end(), more.begin(), more.end());
    const auto result = test::run_process(command);
    status_ = result.status;
    Json scenarios = Json::array();
    for (std::size_t at = 0; at < result.out.size();) {
      const std::size_t end = result.out.find('\n', at);
      scenarios.push_back(parse_json(result.out.substr(at, end - at), "output"));
      at = end == std::string::npos ? end : end + 1;
    }
    EXPECT_FALSE(scenarios.empty()) << result.err;
    return scenarios;
  }

  void expect_passed(const std::string& dtype, const std::vector<std::string>& variants) {
    const Json scenarios = scenarios_of(dtype, variants);
    EXPECT_EQ(status_, 0);
    for (const Json& scenario : scenarios) {
      const Json& verification = scenario["verification"];
      EXPECT_EQ(verification["status"], "passed") << scenario["scenario_name"] << verification;
      // Of 3 mixtures; of new tokens until a tie of their logits.
      EXPECT_GE(verification["experts"]["choices"], 3 * prompt_tokens) << verification;
      EXPECT_LE(verification["experts"]["choices"], 3 * (prompt_tokens + 7)) << verification;
      ties_ += verification["experts"]["ties"].get<int>();
    }
  }

  static constexpr int prompt_tokens = 60;
  test::TemporaryFolder folder_;
  int status_ = 0;
  int ties_ = 0;
};

TEST_F(ExpertsGate, PassesEagerAndKernelizedInEveryDtype) {
  for (const char* dtype : {"bfloat16", "float16", "float32"})
    expect_passed(dtype, {"--variant", "eager", "kernelized"});
  EXPECT_GT(ties_, 0) << "there is something to forgive";
}

TEST_F(ExpertsGate, SlowPassesCompiledInEveryMode) {
  for (const char* dtype : {"bfloat16", "float16", "float32"})
    expect_passed(dtype, {"--variant", "compiled", "--level", "2"});
}

TEST_F(ExpertsGate, FailsAKernelThatIsWrong) {
  for (const char* dtype : {"bfloat16", "float32"}) {
    const Json scenarios = scenarios_of(
        dtype, {"--variant", "kernelized", "--kernels-dir", test::kernel_pack_dir("unnormalized_experts")});
    EXPECT_EQ(status_, 1);
    for (const Json& scenario : scenarios) {
      EXPECT_EQ(scenario["status"], "failed");
      EXPECT_EQ(scenario["verification"]["status"], "failed");
      EXPECT_THAT(scenario["error"].get<std::string>(), HasSubstr("the output is not that of eager float32"));
    }
  }
}

}  // namespace
}  // namespace bv2
