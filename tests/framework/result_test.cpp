// Result documents as values: round trips, names, and the schemas as a gate.
#include "framework/result.h"

#include <gmock/gmock.h>

#include "support/error_text.h"
#include "support/schema.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using testing::HasSubstr;

constexpr std::string_view schema = "benchmark_document.schema.json";

BenchmarkDocument example() {
  ScenarioResult result;
  result.scenario_name = "eager_sdpa_math";
  result.status = ScenarioStatus::success;
  result.metadata.timestamp = "2026-01-15T14:30:22.123Z";
  result.metadata.model.emplace();
  result.metadata.prompt = PromptInfo{PromptSource::text, 3, "abc"};
  result.metadata.hardware_info.caches["L2"] = {1 << 20, 2};
  result.iterations.push_back({1, {2, 3}, 0, 0, 0, {"output_differs"}});
  for (const char* const name :
       {"latency", "time_to_first_token", "inter_token_latency", "tokens_per_second",
        "prefill_tokens_per_second", "decode_tokens_per_second", "peak_host_memory"}) {
    result.measurements.emplace_back(name, summarise("seconds", {1, 2, 3, 4, 5, 6}));
  }
  BenchmarkDocument document;
  document.benchmark = "llama";
  document.model_name = "SmolLM2-135M";
  document.benchmark_scenarios.push_back(result);
  return document;
}

std::string faults(const Json& document) { return test::schema_faults_of_text(json_text(document), schema); }

TEST(Result, HasTheNamesAndOrderOfTheDocument) {
  const auto names_of = [](const Json& object) {
    std::vector<std::string> names;
    for (const auto& [name, value] : object.items()) names.push_back(name);
    return names;
  };
  const Json document = to_json(example());
  using testing::ElementsAre;
  EXPECT_THAT(names_of(document),
              ElementsAre("schema_version", "benchmark", "model_name", "benchmark_scenarios", "comparisons"));
  const Json& scenario = document["benchmark_scenarios"][0];
  EXPECT_THAT(names_of(scenario), ElementsAre("scenario_name", "scenario_description", "status", "metadata",
                                              "measurements", "steady_state", "token_latency", "iterations",
                                              "phases", "output", "verification", "interference", "roofline",
                                              "monitors", "hardware_counters", "energy", "gpu_metrics"));
  EXPECT_THAT(
      names_of(scenario["measurements"]["latency"]),
      ElementsAre("unit", "measurements", "mean", "median", "std", "min", "max", "p25", "p75", "p90", "p95",
                  "p99", "count", "ci95", "ci95_method", "percentile_ci95", "autocorrelation", "outliers"));
  EXPECT_EQ(scenario["gpu_metrics"].dump(),
            R"({"gpu_monitoring_status":"disabled","gpu_monitoring_reason":"no_gpus_available"})");
}

TEST(Result, IsReadAsItWasWritten) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("d.json", json_text(to_json(example())));
  EXPECT_EQ(to_json(read_benchmark_document(path)), to_json(example()));
}

TEST(Result, FaultsOfADocumentNameItsPlace) {
  const test::TemporaryFolder folder;
  Json document = to_json(example());
  document["benchmark_scenarios"][0]["status"] = "good";
  const auto path = folder.write("d.json", document.dump());
  EXPECT_EQ(test::error_text<UsageError>([&] { read_benchmark_document(path); }),
            "'" + path.string() + "': benchmark_scenarios: status: \"good\" does not fit");
}

TEST(Schema, TakesTheExampleAndAFailure) {
  EXPECT_EQ(faults(to_json(example())), "");
  BenchmarkDocument failed = example();
  failed.benchmark_scenarios[0] = {};
  failed.benchmark_scenarios[0].scenario_name = "eager";
  failed.benchmark_scenarios[0].metadata.timestamp = "2026-01-15T14:30:22.123Z";
  failed.benchmark_scenarios[0].error.emplace("no model");
  EXPECT_EQ(faults(to_json(failed)), "");
}

/// Each change makes the example wrong.
TEST(Schema, RefusesWhatIsWrong) {
  const auto refuses = [](const std::function<void(Json & document, Json & scenario)>& change) {
    Json document = to_json(example());
    change(document, document["benchmark_scenarios"][0]);
    return !faults(document).empty();
  };
  EXPECT_TRUE(refuses([](Json& d, Json&) { d["extra"] = 1; }));
  EXPECT_TRUE(refuses([](Json& d, Json&) { d.erase("model_name"); }));
  EXPECT_TRUE(refuses([](Json& d, Json&) { d["schema_version"] = "2"; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["status"] = "good"; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["error"] = "a success with an error"; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["status"] = "failed"; }));  // without an error
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["measurements"].erase("latency"); }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["measurements"]["latency"]["count"] = -1; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["measurements"]["latency"]["ci95"] = {1}; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["measurements"]["latency"]["p98"] = 1; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["measurements"]["other"] = s["measurements"]["latency"]; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["iterations"][0]["start_ns"] = 1.5; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["metadata"]["timestamp"] = "2026-01-15 14:30:22"; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["metadata"]["config"]["dtype"] = "int8"; }));
  EXPECT_TRUE(refuses([](Json&, Json& s) { s["metadata"]["hardware_info"]["cpu_count"] = "2"; }));
}

}  // namespace
}  // namespace bv2
