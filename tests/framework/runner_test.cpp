// A run from its options to its documents.
#include "framework/runner.h"

#include <gmock/gmock.h>

#include "framework/timestamp.h"
#include "support/error_text.h"
#include "support/run_fixture.h"

namespace bv2 {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

using RunnerTest = test::RunTest;

TEST_F(RunnerTest, TellsItsStepsInOrder) {
  add();
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_THAT(observer_.events,
              ElementsAre("run of 1 scenarios, 4 iterations", "scenario 0: fake eager_sdpa_flash_attention",
                          "load", "prepare", "check", "warm_up", "warm_up 1/1", "measure", "measure 1/3",
                          "measure 2/3", "measure 3/3", "fake success", "document", "document"));
  EXPECT_THAT(observer_.problems, ElementsAre());
}

TEST_F(RunnerTest, DocumentSaysWhatWasMeasured) {
  const auto record = add().record();
  run();
  const ScenarioResult result = scenario();
  EXPECT_EQ(result.status, ScenarioStatus::success);
  EXPECT_FALSE(result.error);
  EXPECT_THAT(result.output.token_ids, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(result.output.text, "abcde");
  ASSERT_EQ(result.iterations.size(), 3U);
  ASSERT_EQ(record->calls.size(), 5U);  // the check, one warm-up, three measured
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(result.iterations[i].order, static_cast<std::int64_t>(i));
    EXPECT_EQ(result.iterations[i].token_ns.size(), 5U);
    EXPECT_LE(result.iterations[i].start_ns, record->calls[i + 2].start_ns);
    EXPECT_GE(result.iterations[i].token_ns[0], record->calls[i + 2].token_ns[0]);
    EXPECT_THAT(result.iterations[i].flags, Not(Contains("output_differs")));
  }
  std::vector<std::string> names;
  for (const auto& [name, measurement] : result.measurements) {
    names.push_back(name);
    EXPECT_EQ(measurement.count, 3U) << name;
    EXPECT_TRUE(measurement.median) << name;
    EXPECT_FALSE(measurement.p90) << name;
  }
  EXPECT_THAT(names,
              ElementsAre("latency", "time_to_first_token", "inter_token_latency", "tokens_per_second",
                          "prefill_tokens_per_second", "decode_tokens_per_second", "peak_host_memory"));
  EXPECT_GT(result.phases.peak_host_memory.generate.value(), 0);
  EXPECT_GT(result.phases.peak_host_memory.load.value(), 0);
  EXPECT_GE(result.phases.load_seconds.value(), 0);
  EXPECT_GE(result.phases.first_call_seconds.value(), 0);
  EXPECT_EQ(result.verification.status, VerificationStatus::not_run);
  EXPECT_EQ(result.gpu_metrics.gpu_monitoring_reason, "no_gpus_available");
}

TEST_F(RunnerTest, DocumentSaysWhatWasRun) {
  add();
  options_.batch_sizes = {2};
  options_.dtype = "float32";
  surroundings_.libraries = {{"a library", "1.2"}};
  run();
  EXPECT_EQ(document().schema_version, "1");
  EXPECT_EQ(document().benchmark, "fake");
  EXPECT_EQ(document().model_name, "Fake-1K");
  const ScenarioMetadata metadata = scenario().metadata;
  EXPECT_EQ(metadata.model_id, "nobody/Fake-1K");
  EXPECT_FALSE(metadata.model_revision);
  EXPECT_EQ(metadata.commit_id, "0123abc");
  EXPECT_EQ(metadata.branch_name, "a-branch");
  EXPECT_EQ(metadata.commit_message, "a message");
  EXPECT_TRUE(metadata.model->synthetic_weights);
  EXPECT_EQ(metadata.prompt->source, PromptSource::seeded);
  EXPECT_EQ(metadata.config.batch_size, 2);
  EXPECT_EQ(metadata.config.dtype, "float32");
  EXPECT_EQ(metadata.config.sequence_length, 12);  // what the prompt's own length was
  EXPECT_EQ(metadata.config.num_tokens_to_generate, 5);
  EXPECT_EQ(metadata.hardware_info.libraries.at("a library"), "1.2");
  EXPECT_EQ(metadata.effective["kernels"]["fake"], 3)
      << "the check, the warm-up, the first measured iteration";
}

TEST_F(RunnerTest, AModelFromTheHubIsNamedWithItsCommitAndOpenedWhereItIs) {
  auto& benchmark = add();
  benchmark.mutable_info().model_types = {"fake"};
  const auto folder = folder_.write("snapshot/config.json", R"({"model_type": "fake"})").parent_path();
  surroundings_.locate_model = [&](const std::string&, ModelPart) { return ModelLocation{folder, "c0ffee"}; };
  options_.model_id = "org/name@v1";
  run();
  EXPECT_EQ(document().model_name, "name");
  const ScenarioMetadata metadata = scenario().metadata;
  EXPECT_EQ(metadata.model_id, "org/name@v1");
  EXPECT_EQ(metadata.config.model_id, "org/name@v1");
  EXPECT_EQ(metadata.model_revision, "c0ffee");
  EXPECT_EQ(benchmark.record()->opened.at(0).model_id, folder.string());
}

TEST_F(RunnerTest, NothingIsDownloadedForAFolderThatCannotTakeResults) {
  add().mutable_info().model_types = {"fake"};
  const auto folder = folder_.write("snapshot/config.json", R"({"model_type": "fake"})").parent_path();
  std::vector<ModelPart> asked;
  surroundings_.locate_model = [&](const std::string&, ModelPart part) {
    asked.push_back(part);
    return ModelLocation{folder};
  };
  options_.model_id = "org/name";
  options_.output_dir = folder / "config.json";
  EXPECT_THROW(run(), UsageError);
  EXPECT_THAT(asked, ElementsAre(ModelPart::configuration));
}

TEST_F(RunnerTest, ItsConfigGivesTheSameScenarioAgain) {
  add();
  run();
  const Json config = to_json(scenario().metadata.config);
  options_.config_file = folder_.write("again.json", config.dump());
  run();
  EXPECT_EQ(to_json(scenario().metadata.config), config);
}

TEST_F(RunnerTest, ThePromptIsWhatTheSessionGets) {
  const auto record = add({.has_tokenizer = true}).record();
  options_.prompt = "ab";
  options_.sequence_lengths = {6};
  options_.batch_sizes = {2};
  run();
  for (const auto& call : record->calls) {
    EXPECT_THAT(call.prompt_ids, ElementsAre(1, 107, 108, 107, 108, 2, 1, 107, 108, 107, 108, 2));
  }
}

TEST_F(RunnerTest, CheckIsShort) {
  const auto record = add().record();
  run();
  EXPECT_EQ(record->calls[0].token_ns.size(), 4U);
  options_.num_tokens_to_generate = {2};
  record->calls.clear();
  run();
  EXPECT_EQ(record->calls[0].token_ns.size(), 2U);
}

TEST_F(RunnerTest, OneTokenHasNoInterTokenLatency) {
  add();
  options_.num_tokens_to_generate = {1};
  EXPECT_EQ(run().exit_status, 0);
  const ScenarioResult result = scenario();
  EXPECT_EQ(result.measurement("inter_token_latency")->count, 0U);
  EXPECT_FALSE(result.measurement("inter_token_latency")->median);
  EXPECT_EQ(result.measurement("latency")->count, 3U);
  EXPECT_EQ(result.measurement("nothing"), nullptr);
}

TEST_F(RunnerTest, NoWarmUpIsPossible) {
  const auto record = add().record();
  options_.warmup_iterations = 0;
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(record->calls.size(), 4U);
}

TEST_F(RunnerTest, OneModelAtATimeIsLoaded) {
  const auto record = add().record();
  options_.level = 2;
  run();
  EXPECT_EQ(record->opened.size(), 4U);
  EXPECT_EQ(record->most_open_at_once, 1);
  EXPECT_EQ(record->open_now, 0);
  EXPECT_EQ(document().benchmark_scenarios.size(), 4U);
  EXPECT_EQ(document().benchmark_scenarios[3].iterations[2].order, 11);  // counted over the whole run
}

TEST_F(RunnerTest, FilesHaveTheirPlacesAndNames) {
  add({}, "first");
  add({}, "second");
  const auto time = std::chrono::system_clock::time_point(std::chrono::seconds(1'768'487'422));
  surroundings_.wall_clock = [&] { return time; };
  const RunOutcome outcome = run();
  const std::string stamp = file_name_timestamp(time);
  const std::filesystem::path folder = options_.output_dir / "Fake-1K";
  EXPECT_THAT(outcome.documents, ElementsAre(folder / ("Fake-1K_benchmark_" + stamp + ".json"),
                                             folder / ("Fake-1K_benchmark_" + stamp + "-2.json")));
  EXPECT_EQ(outcome.summary, options_.output_dir / ("benchmark_summary_" + stamp + ".json"));
  EXPECT_EQ(scenario().metadata.timestamp, "2026-01-15T14:30:22.000Z");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.output_dir)) {
    const bool expected = entry.path().extension() == ".json" ||
                          entry.path() == options_.output_dir / ("benchmark_run_" + stamp) / "journal.jsonl";
    EXPECT_TRUE(entry.is_directory() || expected) << entry.path();
  }
}

TEST_F(RunnerTest, SummaryCountsAndNames) {
  add({}, "good");
  add({.fault = test::Fault::open_throws}, "bad");
  EXPECT_EQ(run().exit_status, 1);
  const RunSummary summary = this->summary();
  EXPECT_EQ(summary.run_metadata.total_benchmarks, 2);
  EXPECT_EQ(summary.run_metadata.successful_benchmarks, 1);
  EXPECT_EQ(summary.run_metadata.failed_benchmarks, 1);
  EXPECT_EQ(summary.output_directory, options_.output_dir.string());
  ASSERT_EQ(summary.benchmark_results.size(), 2U);
  EXPECT_EQ(summary.benchmark_results[0].first, "good");
  EXPECT_EQ(summary.benchmark_results[0].second, outcome_.documents[0].string());
  EXPECT_EQ(summary.benchmark_results[1].second, outcome_.documents[1].string());
  const std::string uuid = summary.run_metadata.benchmark_run_uuid;
  run();
  EXPECT_NE(this->summary().run_metadata.benchmark_run_uuid, uuid);
}

TEST_F(RunnerTest, AFolderThatCannotBeWrittenIsFoundBeforeMeasuring) {
  const auto record = add().record();
  options_.output_dir = folder_.write("a_file", "") / "results";
  const std::string text = test::error_text<UsageError>([&] { run(); });
  EXPECT_THAT(text, HasSubstr("--output-dir '" + options_.output_dir.string() + "' cannot be written to"));
  EXPECT_THAT(text, HasSubstr("Not a directory"));
  EXPECT_TRUE(record->opened.empty());
}

TEST_F(RunnerTest, AnIterationOfAnEncoderIsOneForward) {
  const auto record = add({.kind = ModelKind::encoder}).record();
  options_.batch_sizes = {2};
  options_.num_tokens_to_generate = {5, 7};  // for the decoders beside it
  EXPECT_EQ(run().exit_status, 0);
  const ScenarioResult result = scenario();
  EXPECT_EQ(result.scenario_name, "eager_sdpa_flash_attention");
  EXPECT_EQ(result.metadata.model->kind, ModelKind::encoder);
  EXPECT_EQ(result.metadata.config.num_tokens_to_generate, 0);
  EXPECT_TRUE(result.output.token_ids.empty());
  std::vector<std::string> names;
  for (const auto& [name, measurement] : result.measurements) {
    names.push_back(name);
    EXPECT_EQ(measurement.count, 3U) << name;
  }
  EXPECT_THAT(names, ElementsAre("latency", "sequences_per_second", "tokens_per_second", "peak_host_memory"));
  EXPECT_EQ(record->calls.size(), 5U);  // check, warm-up, three measured
  for (const Iteration& iteration : result.iterations) EXPECT_EQ(iteration.token_ns.size(), 1U);
  const double latency = result.measurement("latency")->measurements[0];
  EXPECT_DOUBLE_EQ(result.measurement("sequences_per_second")->measurements[0], 2 / latency);
  EXPECT_DOUBLE_EQ(result.measurement("tokens_per_second")->measurements[0], 2 * 12 / latency);
}

TEST_F(RunnerTest, AnEncoderWhoseStatesAreNotNumbersFails) {
  add({.kind = ModelKind::encoder, .fault = test::Fault::nan_logits, .fault_at_call = 0});
  EXPECT_EQ(run().exit_status, 1);
  EXPECT_THAT(scenario().error.value(), testing::HasSubstr("a hidden state is nan"));
}

TEST_F(RunnerTest, PaddingIsNotCountedAmongTheTokens) {
  const auto record = add({.has_tokenizer = true}).record();
  options_.prompt_file = folder_.write("prompts.txt", "abc\na\n");
  EXPECT_EQ(run().exit_status, 0);
  const ScenarioResult result = scenario();
  EXPECT_EQ(result.metadata.config.batch_size, 2);
  EXPECT_FALSE(result.metadata.config.sequence_length);  // given back, it would make both as long
  EXPECT_EQ(result.metadata.prompt->tokens, 5);
  EXPECT_THAT(result.metadata.prompt->own_tokens.value(), ElementsAre(5, 3));
  EXPECT_THAT(record->calls[0].padding, ElementsAre(0, 2));
  EXPECT_DOUBLE_EQ(result.measurement("prefill_tokens_per_second")->measurements[0],
                   8 / result.measurement("time_to_first_token")->measurements[0]);
}

}  // namespace
}  // namespace bv2
