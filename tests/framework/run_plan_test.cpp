// Which benchmarks and scenarios the options give.
#include "framework/run_plan.h"

#include <gmock/gmock.h>

#include "framework/scenario_space.h"
#include "support/error_text.h"
#include "support/fake_benchmark.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using test::error_text;
using testing::ElementsAre;
using testing::HasSubstr;

class RunPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* const name : {"llama", "gpt2", "gpt_neox"}) {
      auto benchmark = std::make_unique<test::FakeBenchmark>(test::FakeBehaviour{}, name);
      benchmark->mutable_info().model_types = {name};
      benchmarks_.push_back(std::move(benchmark));
    }
  }
  [[nodiscard]] std::vector<std::string> planned_names() const {
    std::vector<std::string> names;
    for (const PlannedBenchmark& benchmark : plan_run(benchmarks_, options_)) names.push_back(benchmark.name);
    return names;
  }
  [[nodiscard]] std::string refusal() const {
    return error_text<UsageError>([&] { plan_run(benchmarks_, options_); });
  }
  std::filesystem::path checkpoint(const std::string& folder, std::string_view config) const {
    return folder_.write(folder + "/config.json", config).parent_path();
  }

  test::TemporaryFolder folder_;
  std::vector<std::unique_ptr<ModelBenchmark>> benchmarks_;
  RunOptions options_;
};

TEST_F(RunPlanTest, TakesEverythingByDefault) {
  const auto plan = plan_run(benchmarks_, options_);
  ASSERT_EQ(plan.size(), 3U);
  EXPECT_EQ(plan[0].name, "llama");
  EXPECT_EQ(plan[0].benchmark, benchmarks_[0].get());
  EXPECT_EQ(plan[0].model_id, "nobody/Fake-1K");
  EXPECT_EQ(plan[0].model_name, "Fake-1K");
  ASSERT_EQ(plan[0].scenarios.size(), 2U);
  EXPECT_EQ(plan[0].scenarios[0].name, "eager_sdpa_flash_attention");
  EXPECT_EQ(plan[0].scenarios[0].config.model_id, "");
  EXPECT_EQ(iteration_count(plan), 3 * 2 * (3 + 5));
}

TEST_F(RunPlanTest, LevelZeroTakesTheSmallShapeWhereThereIsOne) {
  static_cast<test::FakeBenchmark&>(*benchmarks_[1]).mutable_info().small_model = "small-gpt2";
  options_.level = 0;
  const auto plan = plan_run(benchmarks_, options_);
  ASSERT_EQ(plan.size(), 3U);
  EXPECT_EQ(plan[0].model_id, "nobody/Fake-1K");
  EXPECT_EQ(plan[1].model_id, "small-gpt2");
  EXPECT_EQ(plan[1].model_name, "small-gpt2");
  EXPECT_FALSE(plan[1].location);
  ASSERT_EQ(plan[1].scenarios.size(), 1U);
  EXPECT_EQ(plan[1].scenarios[0].config.model_id, "small-gpt2") << "what the benchmark is to open";
  EXPECT_EQ(plan[1].scenarios[0].config.measurement_iterations, 5);

  options_.level = 1;
  EXPECT_EQ(plan_run(benchmarks_, options_)[1].model_id, "nobody/Fake-1K");
  options_.level = 0;
  options_.model_id = checkpoint("tiny", R"({"model_type": "gpt2"})").string();
  EXPECT_EQ(plan_run(benchmarks_, options_)[0].model_name, "tiny");
}

TEST_F(RunPlanTest, ASmallShapeIsFoundByItsName) {
  static_cast<test::FakeBenchmark&>(*benchmarks_[1]).mutable_info().small_model = "small-gpt2";
  options_.model_id = "small-gpt2";
  EXPECT_THAT(planned_names(), ElementsAre("gpt2"));
  // As a result's metadata.config has it.
  options_.model_id.clear();
  options_.config_file = folder_.write("c.json", R"({"variant": "eager", "model_id": "small-gpt2"})");
  const auto plan = plan_run(benchmarks_, options_);
  ASSERT_EQ(plan.size(), 1U);
  EXPECT_EQ(plan[0].name, "gpt2");
  EXPECT_EQ(plan[0].model_id, "small-gpt2");
}

TEST_F(RunPlanTest, SelectsByPartsOfNames) {
  options_.include = {"gpt"};
  EXPECT_THAT(planned_names(), ElementsAre("gpt2", "gpt_neox"));
  options_.exclude = {"neox"};
  EXPECT_THAT(planned_names(), ElementsAre("gpt2"));
  options_.include = {"gpt", "bert"};
  EXPECT_EQ(refusal(), "--include 'bert' fits no benchmark; there are: llama, gpt2, gpt_neox");
  options_ = {};
  options_.exclude = {"llama", "gpt"};
  EXPECT_EQ(refusal(), "--exclude leaves no benchmark; there are: llama, gpt2, gpt_neox");
}

TEST_F(RunPlanTest, WithoutBenchmarksThereIsNothing) {
  benchmarks_.clear();
  EXPECT_EQ(refusal(), "no benchmarks were found: give their folder with --benches-dir");
}

TEST_F(RunPlanTest, ACheckpointSelectsWhoCanTakeIt) {
  const auto folder = checkpoint("My model", R"({"model_type": "gpt2"})");
  options_.model_id = folder.string() + "/";
  const auto plan = plan_run(benchmarks_, options_);
  ASSERT_EQ(plan.size(), 1U);
  EXPECT_EQ(plan[0].name, "gpt2");
  EXPECT_EQ(plan[0].model_id, options_.model_id);
  EXPECT_EQ(plan[0].model_name, "My model");
  EXPECT_EQ(plan[0].scenarios[0].config.model_id, options_.model_id);
}

TEST_F(RunPlanTest, CheckpointsThatCannotBeRunAreRefused) {
  const auto refusal_of = [&](const std::string& model_id) {
    options_.model_id = model_id;
    return refusal();
  };
  EXPECT_THAT(refusal_of("org/name"), HasSubstr("--model-id 'org/name' is not a folder"));
  EXPECT_THAT(refusal_of(checkpoint("a", R"({"model_type": "mamba"})").string()),
              HasSubstr("has the model_type 'mamba'; supported are: gpt2, gpt_neox, llama"));
  EXPECT_THAT(refusal_of(checkpoint("b", "{}").string()),
              HasSubstr("config.json' does not say its model_type"));
  EXPECT_THAT(refusal_of(checkpoint("c", R"({"model_type": 3})").string()),
              HasSubstr("does not say its model_type"));
  EXPECT_THAT(refusal_of(checkpoint("d", "[]").string()), HasSubstr("does not say its model_type"));
  EXPECT_THAT(refusal_of(checkpoint("e", "{oops").string()), HasSubstr("is not valid JSON"));
  EXPECT_THAT(refusal_of(folder_.write("f/other", "").parent_path().string()),
              HasSubstr("it has no config.json"));
}

TEST_F(RunPlanTest, AModelFromElsewhereIsNamedAsAskedForAndOpenedWhereItIs) {
  const auto folder = checkpoint("snapshot", R"({"model_type": "gpt2"})");
  std::vector<std::pair<std::string, ModelPart>> asked;
  const LocateModel locate = [&](const std::string& model_id, ModelPart part) -> ModelLocation {
    asked.emplace_back(model_id, part);
    return {folder, part == ModelPart::everything ? "c0ffee" : "old"};
  };
  options_.model_id = "org/Some-Model@refs/pr/1";
  auto plan = plan_run(benchmarks_, options_, locate);
  ASSERT_EQ(plan.size(), 1U);
  EXPECT_EQ(plan[0].name, "gpt2");
  EXPECT_EQ(plan[0].model_id, "org/Some-Model@refs/pr/1");
  EXPECT_EQ(plan[0].model_name, "Some-Model");
  const ScenarioConfig& config = plan[0].scenarios[0].config;
  EXPECT_EQ(config.model_id, "org/Some-Model@refs/pr/1") << "as a document that can be run again";
  EXPECT_EQ(config_to_open(plan[0], config).model_id, folder.string());
  EXPECT_THAT(asked, ElementsAre(testing::Pair(options_.model_id, ModelPart::configuration)))
      << "planning downloads no weights";

  locate_models(plan, locate);
  EXPECT_EQ(plan[0].location->revision, "c0ffee");
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(RunPlanTest, EachModelIsLocatedOnce) {
  const auto folder = checkpoint("snapshot", R"({"model_type": "llama"})");
  int asked = 0;
  const LocateModel locate = [&](const std::string&, ModelPart) {
    ++asked;
    return ModelLocation{folder};
  };
  dynamic_cast<test::FakeBenchmark&>(*benchmarks_[1]).mutable_info().model_types = {"llama"};
  options_.config_file = folder_.write("s.jsonl", R"({"model_id": "org/a"}
{"model_id": "org/a", "batch_size": 2}
{"model_id": "org/b"}
{})");
  auto plan = plan_run(benchmarks_, options_, locate);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(plan.size(), 2 * 2 + 3U)
      << "two benchmarks take either model, all three have a shape of their own";
  locate_models(plan, locate);
  EXPECT_EQ(asked, 4);
}

TEST_F(RunPlanTest, FiltersThatLeaveNothingSayWhereThereIsSomething) {
  options_.sdpa_backends = {"math"};
  EXPECT_THAT(refusal(), HasSubstr("leave no scenario of level 1: --level 2 has some"));
  options_.level = 2;
  EXPECT_THAT(planned_names(), testing::SizeIs(3));
  options_.variants = {"compiled"};
  EXPECT_THAT(refusal(), testing::EndsWith("the variants that work are: eager"));
}

TEST_F(RunPlanTest, CompileModesThatDoNotWorkAreRefused) {
  for (const auto& benchmark : benchmarks_) {
    auto& info = dynamic_cast<test::FakeBenchmark&>(*benchmark).mutable_info();
    info.variants = {"eager", "compiled"};
    info.compile_modes = {"default", "reduce-overhead"};
  }
  options_.level = 2;
  options_.compile_modes = {"reduce-overhead"};
  EXPECT_THAT(planned_names(), testing::SizeIs(3));
  options_.compile_modes = {"max-autotune"};
  EXPECT_THAT(refusal(),
              testing::EndsWith("are: compiled, eager, the compile modes: default, reduce-overhead"));
}

TEST_F(RunPlanTest, FiltersDropBenchmarksThatHaveNothingLeft) {
  dynamic_cast<test::FakeBenchmark&>(*benchmarks_[1]).mutable_info().variants = {"eager", "kernelized"};
  options_.variants = {"kernelized"};
  EXPECT_THAT(planned_names(), ElementsAre("gpt2"));
}

TEST_F(RunPlanTest, WrongOptionsAreRefusedFirst) {
  options_.batch_sizes = {0};
  EXPECT_THAT(refusal(), HasSubstr("--batch-size 0"));
}

TEST_F(RunPlanTest, AFileGivesTheScenarios) {
  options_.config_file =
      folder_.write("s.jsonl", "{\"batch_size\": 2}\n{\"batch_size\": 3}\n{\"batch_size\": 2}\n");
  options_.include = {"llama"};
  const auto plan = plan_run(benchmarks_, options_);
  ASSERT_EQ(plan.size(), 1U);
  ASSERT_EQ(plan[0].scenarios.size(), 2U);
  EXPECT_EQ(plan[0].scenarios[1].name, "eager_sdpa_flash_attention_batch_size_3");
}

TEST_F(RunPlanTest, AFileWithSeveralModelsGivesABenchmarkForEach) {
  const std::string model = checkpoint("m", R"({"model_type": "llama"})").string();
  const Json scenarios = {Json::object(), {{"model_id", model}}};
  options_.config_file = folder_.write("s.json", scenarios.dump());
  options_.include = {"llama"};
  const auto plan = plan_run(benchmarks_, options_);
  ASSERT_EQ(plan.size(), 2U);
  EXPECT_EQ(plan[0].name, "llama (nobody/Fake-1K)");
  EXPECT_EQ(plan[1].name, "llama (" + model + ")");
  EXPECT_EQ(plan[1].model_name, "m");
}

TEST_F(RunPlanTest, AFileWithAVariantThatNobodyHasIsRefused) {
  options_.config_file = folder_.write("s.json", R"([{}, {"variant": "kernelized"}])");
  EXPECT_THAT(refusal(), HasSubstr("s.json': no benchmark has the variant 'kernelized'"));
}

TEST_F(RunPlanTest, EncodersGenerateNothing) {
  dynamic_cast<test::FakeBenchmark&>(*benchmarks_[1]).mutable_info().kind = ModelKind::encoder;
  options_.num_tokens_to_generate = {5, 7};
  const auto plan = plan_run(benchmarks_, options_);
  for (const auto& benchmark : plan) {
    const bool encoder = benchmark.info.kind == ModelKind::encoder;
    for (const auto& scenario : benchmark.scenarios) {
      EXPECT_EQ(scenario.config.num_tokens_to_generate == 0, encoder);
      EXPECT_EQ(scenario.description.ends_with(", encoded"), encoder) << scenario.description;
    }
  }
  EXPECT_EQ(plan[0].scenarios.size(), 2 * plan[1].scenarios.size());
}

TEST_F(RunPlanTest, AFileMayNotAskADecoderForNothing) {
  options_.config_file = folder_.write("s.json", R"({"num_tokens_to_generate": 0})");
  EXPECT_THAT(refusal(), HasSubstr("num_tokens_to_generate 0 is for encoders"));
  for (const auto& benchmark : benchmarks_) {
    dynamic_cast<test::FakeBenchmark&>(*benchmark).mutable_info().kind = ModelKind::encoder;
  }
  EXPECT_FALSE(plan_run(benchmarks_, options_).empty());
}

TEST_F(RunPlanTest, TheBatchIsAMultipleOfThePrompts) {
  options_.prompt_file = folder_.write("prompts.txt", "one\ntwo\nthree\n");
  EXPECT_EQ(plan_run(benchmarks_, options_)[0].scenarios[0].config.batch_size, 3);
  options_.batch_sizes = {6, 3};
  EXPECT_EQ(plan_run(benchmarks_, options_)[0].scenarios[0].config.batch_size, 6);
  options_.batch_sizes = {3, 4};
  EXPECT_THAT(refusal(), HasSubstr("--batch-size 4 does not take the 3 prompts of --prompt-file alike"));
  options_.batch_sizes.clear();
  options_.config_file = folder_.write("s.json", R"({"batch_size": 2})");
  EXPECT_THAT(refusal(), HasSubstr("--batch-size 2 does not take"));
}

}  // namespace
}  // namespace bv2
