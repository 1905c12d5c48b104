// A batch of prompts of unequal length, from a file to the ids of its first row.
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/built.h"
#include "support/data.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// A fixture's weights with a tokenizer of a few words.
void write_checkpoint(const test::TemporaryFolder& folder, const std::string& model) {
  for (const char* file : {"config.json", "model.safetensors"}) {
    fs::create_symlink(test::data_dir() / "models" / model / file, folder.path() / file);
  }
  folder.write("tokenizer.json", R"({"pre_tokenizer": {"type": "Whitespace"}, "model": {"type": "WordLevel",
    "vocab": {"a": 11, "b": 12, "c": 13, "d": 14, "e": 15, "f": 16}, "unk_token": "a"}})");
}

/// The document of a run in every mode, a scenario an element.
Json scenarios_of(const test::TemporaryFolder& folder, std::vector<std::string> prompt) {
  std::vector<std::string> command{test::program(),
                                   "--model-id",
                                   folder.path(),
                                   "--output-dir",
                                   folder.path() / "results",
                                   "--dtype",
                                   "float32",
                                   "--level",
                                   "0",
                                   "--num-tokens-to-generate",
                                   "8",
                                   "--warmup-iterations",
                                   "0",
                                   "--measurement-iterations",
                                   "1",
                                   "--format",
                                   "json"};
  command.insert(command.end(), prompt.begin(), prompt.end());
  const auto result = test::run_process(command);
  EXPECT_EQ(result.status, 0) << result.err;
  return parse_json(result.out, "output").at(0).at("benchmark_scenarios");
}

TEST(UnequalPrompts, GiveTheFirstWhatItGetsAlone) {
  const test::TemporaryFolder folder;
  write_checkpoint(folder, "llama");
  const Json together =
      scenarios_of(folder, {"--prompt-file", folder.write("prompts.txt", "a b\nc d e f a\nf f f\n")});
  const Json alone = scenarios_of(folder, {"--prompt", "a b"});
  ASSERT_EQ(together.size(), alone.size());
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(together[i]["scenario_name"], alone[i]["scenario_name"]);
    EXPECT_EQ(together[i]["output"], alone[i]["output"]) << together[i]["scenario_name"];
    EXPECT_EQ(together[i]["metadata"]["prompt"]["own_tokens"], Json({2, 5, 3}));
    EXPECT_EQ(together[i]["metadata"]["config"]["batch_size"], 3);
  }
}

TEST(UnequalPrompts, AreEncodedToo) {
  const test::TemporaryFolder folder;
  write_checkpoint(folder, "bert");
  for (const Json& scenario :
       scenarios_of(folder, {"--prompt-file", folder.write("prompts.txt", "a b\nc d e f a\n")})) {
    EXPECT_EQ(scenario["metadata"]["model"]["kind"], "encoder");
    EXPECT_EQ(scenario["metadata"]["prompt"]["own_tokens"], Json({2, 5}));
    const double latency = scenario["measurements"]["latency"]["median"].get<double>();
    EXPECT_DOUBLE_EQ(scenario["measurements"]["tokens_per_second"]["median"].get<double>(), 7 / latency);
    EXPECT_FALSE(scenario["measurements"].contains("time_to_first_token"));
    EXPECT_EQ(scenario["verification"]["status"], "passed") << scenario["verification"];
    EXPECT_LE(scenario["verification"]["max_abs_hidden_difference"].get<double>(), 1e-4);
  }
}

}  // namespace
}  // namespace bv2
