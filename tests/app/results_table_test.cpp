// The results of a run as tables: for people, and as one row of plain numbers a scenario.
#include "app/results_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace bv2::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

ScenarioResult scenario(const std::string& name, double latency) {
  ScenarioResult result;
  result.scenario_name = name;
  result.status = ScenarioStatus::success;
  result.metadata.model_id = "org/Model-1B";
  result.metadata.config.num_tokens_to_generate = 20;
  result.metadata.config.sequence_length = 128;
  result.metadata.effective = {{"threads", 2}};
  result.metadata.model = ModelFacts{.synthetic_weights = true};
  result.phases.peak_host_memory.load = 3 << 20;
  result.phases.peak_host_memory.generate = 5 << 20;
  result.measurements.emplace_back("latency",
                                   summarise("seconds", {latency, latency * 1.01, latency * 0.99}));
  result.measurements.emplace_back("inter_token_latency", summarise("seconds", {latency / 1e4}));
  result.measurements.emplace_back("tokens_per_second", summarise("tokens/sec", {20 / latency}));
  return result;
}

BenchmarkResults two_scenarios() {
  BenchmarkResults results{.benchmark = "llama", .scenarios = {scenario("eager_sdpa_math", 0.5)}};
  ScenarioResult failed = scenario("kernelized_sdpa_math", 1);
  failed.status = ScenarioStatus::failed;
  failed.measurements.clear();
  failed.error.emplace("logits are not finite");
  results.scenarios.push_back(failed);
  return results;
}

TEST(ResultsTable, HeadingSaysWhatAllHaveInCommon) {
  EXPECT_EQ(results_heading(two_scenarios()),
            "llama: Model-1B (synthetic weights), bfloat16, 2 threads, batch 1, 128 + 20 tokens");
  auto results = two_scenarios();
  results.scenarios[1].metadata.config.batch_size = 4;
  results.scenarios[1].metadata.effective["threads"] = 1;
  EXPECT_THAT(results_heading(results), HasSubstr("2/1 threads, batch 1/4, "));
}

TEST(ResultsTable, ShowsMediansWithTheirIntervalInFittingUnits) {
  EXPECT_EQ(render(results_table(two_scenarios()), TableFormat::plain),
            "                                   latency  first token  per token            peak\n"
            "scenario              status            ms           ms         µs  tokens/s   MiB\n"
            "eager_sdpa_math       success  500.0 ±2.5%            -      50.00     40.00     5\n"
            "kernelized_sdpa_math  failed   logits are not finite\n");
}

TEST(ResultsTable, FitsAHundredColumns) {
  BenchmarkResults results{.benchmark = "llama", .scenarios = {}};
  results.scenarios.push_back(scenario("compiled_compile_max-autotune_sdpa_efficient_attention", 123.456));
  results.scenarios.push_back(scenario("eager_sdpa_math", 0.1));
  const std::string text = render(results_table(results), TableFormat::plain);
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    EXPECT_LE(display_width(text.substr(begin, end - begin)), 100U);
    begin = end + 1;
  }
}

TEST(ResultsTable, HasEnergyWhereItWasMeasured) {
  BenchmarkResults results{.benchmark = "b", .scenarios = {scenario("s", 1), scenario("t", 1)}};
  EXPECT_THAT(render(results_table(results), TableFormat::plain), testing::Not(HasSubstr("J/token")));
  Summary summary;
  summary.median = 0.41234;
  results.scenarios[0].measurements.emplace_back("joules_per_new_token", summary);
  const std::string text = render(results_table(results), TableFormat::csv);
  EXPECT_THAT(text, HasSubstr("- / 0.412"));
  EXPECT_THAT(results_legend(std::vector{results}), HasSubstr("joules a prompt token and a new token"));
}

TEST(ResultsTable, SaysWhatToDoAboutALimitThatWasBeaten) {
  BenchmarkResults results{.benchmark = "b", .scenarios = {scenario("s", 1)}};
  const auto legend_of = [&](double prefill_percent, std::optional<double> decode_percent) {
    Roofline roofline;
    roofline.prefill.percent_of_limit = prefill_percent;
    if (decode_percent) roofline.decode.emplace().percent_of_limit = decode_percent;
    results.scenarios[0].roofline = roofline;
    return results_legend(std::vector{results});
  };
  EXPECT_THAT(legend_of(104, {}), testing::Not(HasSubstr("--measure-anew")));
  EXPECT_THAT(legend_of(80, 104), testing::Not(HasSubstr("--measure-anew")));
  EXPECT_THAT(legend_of(153, 73), HasSubstr("run_benchmarks machine --measure-anew\n"));
  EXPECT_THAT(legend_of(80, 130), HasSubstr("run_benchmarks machine --measure-anew\n"));
}

TEST(ResultsTable, MissingAndInfiniteValuesAreDashes) {
  BenchmarkResults results{.benchmark = "b", .scenarios = {scenario("s", 1)}};
  results.scenarios[0].phases = {};
  results.scenarios[0].measurements.clear();
  Summary summary;
  summary.median = std::numeric_limits<double>::infinity();
  results.scenarios[0].measurements.emplace_back("latency", summary);
  EXPECT_THAT(render(results_table(results), TableFormat::csv), HasSubstr("s,success,-,-,-,-,-\n"));
}

TEST(ResultsTable, SaysWhoNeverBecameSteady) {
  auto results = two_scenarios();
  EXPECT_TRUE(unsteady_lines(results).empty());
  const auto launch = [](Steadiness steadiness) {
    SteadyState state;
    state.steadiness = steadiness;
    return state;
  };
  results.scenarios[0].steady_state = {launch(Steadiness::steady), launch(Steadiness::drifting)};
  results.scenarios[1].steady_state = {launch(Steadiness::still_changing)};
  EXPECT_THAT(
      unsteady_lines(results),
      testing::ElementsAre("eager_sdpa_math drifted from its begin to its end in 1 of 2 launches: all "
                           "of its iterations count",
                           "kernelized_sdpa_math was still changing at its end: all of its iterations "
                           "count"));
}

TEST(ResultsTable, CsvHasPlainNumbersInBaseUnits) {
  const std::string text = render(results_csv(std::vector{two_scenarios()}), TableFormat::csv);
  EXPECT_THAT(text, StartsWith("benchmark,scenario,status,error,model_id,dtype,"));
  EXPECT_THAT(
      text, AllOf(HasSubstr(",peak_host_memory_bytes,anonymous_memory_bytes,file_backed_memory_bytes,"
                            "instructions_per_cycle,gpu_utilization_mean,verification,tainted_iterations,"),
                  HasSubstr(",latency_median,latency_ci95_low,latency_ci95_high,latency_mean,latency_std,")));
  EXPECT_THAT(
      text,
      HasSubstr("\nllama,eager_sdpa_math,success,,org/Model-1B,bfloat16,eager,,sdpa,flash_attention,2,1,"
                "128,20,5242880,,,,,not_run,0,"));
  EXPECT_THAT(text, HasSubstr("\nllama,kernelized_sdpa_math,failed,logits are not finite,"));
}

TEST(ResultsTable, JsonHasTheDocumentsAndJsonlTheScenarios) {
  const std::vector results{two_scenarios()};
  const Json documents = results_json(results);
  EXPECT_TRUE(documents[0]["comparisons"].is_array());
  ASSERT_EQ(documents.size(), 1U);
  EXPECT_EQ(documents[0]["benchmark"], "llama");
  EXPECT_EQ(documents[0]["model_name"], "Model-1B");
  EXPECT_EQ(documents[0]["benchmark_scenarios"][1]["error"], "logits are not finite");
  const std::string lines = results_jsonl(results);
  const Json first = parse_json(lines.substr(0, lines.find('\n')), "output");
  EXPECT_EQ(first["benchmark"], "llama");
  EXPECT_EQ(first["measurements"]["latency"]["median"], 0.5);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
}

TEST(ResultsTable, OfEncodersHasSequencesAndNoFirstToken) {
  BenchmarkResults results{.benchmark = "bert", .scenarios = {scenario("eager_sdpa_math", 0.5)}};
  ScenarioResult& only = results.scenarios[0];
  only.metadata.config.num_tokens_to_generate = 0;
  only.measurements.emplace_back("sequences_per_second", summarise("sequences/sec", {2}));
  EXPECT_EQ(results_heading(results),
            "bert: Model-1B (synthetic weights), bfloat16, 2 threads, batch 1, 128 tokens");
  EXPECT_EQ(render(results_table(results), TableFormat::plain),
            "                              latency                         peak\n"
            "scenario         status            ms  sequences/s  tokens/s   MiB\n"
            "eager_sdpa_math  success  500.0 ±2.5%        2.000     40.00     5\n");
}

}  // namespace
}  // namespace bv2::app
