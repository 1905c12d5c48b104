// Exports: the numbers of a document in the formats of other tools, as those tools read them.
#include "app/export/export_format.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "support/made_documents.h"
#include "support/schema.h"

namespace bv2::app {
namespace {

using test::DocumentRecipe;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<DocumentFile> files_of(const std::vector<DocumentRecipe>& recipes) {
  std::vector<DocumentFile> files;
  for (const DocumentRecipe& recipe : recipes) files.push_back({"d.json", test::made_document(recipe)});
  return files;
}

/// A document of one failed scenario beside three that succeeded.
std::vector<DocumentFile> with_a_failure() {
  auto files = files_of({{}});
  ScenarioResult failed;
  failed.scenario_name = "failed";
  failed.status = ScenarioStatus::crashed;
  failed.error = "signal 11";
  files[0].document.benchmark_scenarios.push_back(failed);
  return files;
}

std::vector<std::vector<std::string>> csv_cells(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto& row = rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
  }
  return rows;
}

/// Columns that llama.cpp's compare-llama-bench.py asks for, or keeps (LLAMA_BENCH_DB_FIELDS).
const std::set<std::string> reader_columns{
    "build_commit", "build_number",  "cpu_info",   "gpu_info",     "backends",  "model_filename",
    "model_type",   "model_size",    "n_batch",    "n_ubatch",     "n_threads", "model_n_params",
    "cpu_mask",     "cpu_strict",    "poll",       "type_k",       "type_v",    "n_gpu_layers",
    "split_mode",   "main_gpu",      "flash_attn", "tensor_split", "use_mmap",  "tensor_buft_overrides",
    "embeddings",   "no_kv_offload", "n_prompt",   "n_gen",        "n_depth",   "no_op_offload",
    "test_time",    "avg_ns",        "stddev_ns",  "avg_ts",       "stddev_ts"};

TEST(LlamaBench, HasTheColumnsThatItsReaderAsksFor) {
  const Json rows = parse_json(llama_bench_json(files_of({{}})), "output");
  ASSERT_EQ(rows.size(), 9U);
  for (const Json& row : rows) {
    for (const std::string& column : reader_columns) {
      ASSERT_TRUE(row.contains(column)) << column;
      // That reader joins rows by equality, which nothing has with null.
      EXPECT_FALSE(row[column].is_null()) << column;
    }
  }
}

TEST(LlamaBench, SplitsAnIterationIntoItsTests) {
  const auto files = files_of({{.noise = 0}});
  const Json rows = parse_json(llama_bench_json(files), "output");
  const Json& prompt = rows[0];
  EXPECT_EQ(prompt["n_prompt"], 128);
  EXPECT_EQ(prompt["n_gen"], 0);
  EXPECT_EQ(prompt["avg_ns"], 80'000'000);
  EXPECT_NEAR(prompt["avg_ts"].get<double>(), 128 / 0.08, 1e-6);
  EXPECT_EQ(prompt["samples_ns"].size(), 8U);
  EXPECT_EQ(prompt["test_time"], "2026-01-15T14:30:22Z");
  EXPECT_EQ(prompt["build_commit"], "01234567");
  EXPECT_EQ(prompt["type_k"], "bf16");
  const Json& tokens = rows[1];
  EXPECT_EQ(tokens["n_prompt"], 0);
  EXPECT_EQ(tokens["n_gen"], 63);
  EXPECT_EQ(tokens["n_depth"], 128);
  const Json& whole = rows[2];
  EXPECT_EQ(whole["n_prompt"], 128);
  EXPECT_EQ(whole["n_gen"], 64);
  // The parts of an iteration add up to it.
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_NEAR(prompt["samples_ns"][i].get<double>() + tokens["samples_ns"][i].get<double>(),
                whole["samples_ns"][i].get<double>(), 2);
  }
}

TEST(LlamaBench, RatesAreOfAllSequences) {
  const Json rows = parse_json(llama_bench_json(files_of({{.noise = 0, .batch_size = 4}})), "output");
  EXPECT_EQ(rows[0]["n_seqs"], 4);
  EXPECT_EQ(rows[0]["n_prompt"], 128);
  EXPECT_EQ(rows[0]["n_batch"], 512);
  EXPECT_NEAR(rows[0]["avg_ts"].get<double>(), 4 * 128 / 0.08, 1e-6);
}

TEST(LlamaBench, AnEncoderHasItsPromptAlone) {
  const Json rows = parse_json(llama_bench_json(files_of({{.new_tokens = 0}})), "output");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["embeddings"], true);
  EXPECT_EQ(rows[0]["n_gen"], 0);
}

TEST(LlamaBench, AllItsFormsSayTheSame) {
  const auto files = with_a_failure();
  const Json rows = parse_json(llama_bench_json(files), "output");
  ASSERT_EQ(rows.size(), 9U);  // nothing of what failed
  std::istringstream lines(llama_bench_jsonl(files));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_EQ(parse_json(line, "output"), rows[count]);
  EXPECT_EQ(count, rows.size());
  const auto cells = csv_cells(llama_bench_csv(files));
  ASSERT_EQ(cells.size(), rows.size() + 1);
  std::map<std::string, std::string> second;
  for (std::size_t i = 0; i < cells[0].size(); ++i) second[cells[0][i]] = cells[2][i];
  for (const std::string& column : reader_columns) EXPECT_TRUE(second.contains(column)) << column;
  EXPECT_EQ(second["avg_ns"], rows[1]["avg_ns"].dump());
  EXPECT_EQ(second["use_mmap"], "1");
  const std::string markdown = llama_bench_md(files);
  EXPECT_THAT(markdown, HasSubstr("| 256.57 MiB | 134.52 M | eager_sdpa_flash_attention | 2 | 1 | pp128 |"));
  EXPECT_THAT(markdown, HasSubstr("| tg63 @ d128 |"));
  EXPECT_THAT(markdown, HasSubstr("| pp128+tg64 |"));
  EXPECT_THAT(markdown, HasSubstr("build: 01234567\n"));
}

TEST(GoogleBenchmark, HasWhatCompareReads) {
  const Json document = parse_json(google_benchmark_json(with_a_failure()), "output");
  EXPECT_EQ(document["context"]["num_cpus"], 2);
  EXPECT_EQ(document["context"]["caches"][0]["type"], "Data");
  EXPECT_EQ(document["context"]["caches"][2]["level"], 3);
  EXPECT_EQ(document["context"]["cpu_scaling_enabled"], false);
  std::map<std::string, int> iterations;
  for (const Json& entry : document["benchmarks"]) {
    for (const char* field : {"name", "run_name", "run_type", "real_time", "cpu_time", "time_unit"}) {
      ASSERT_TRUE(entry.contains(field)) << field;
    }
    if (entry["run_type"] == "iteration") ++iterations[entry["name"].get<std::string>()];
  }
  EXPECT_EQ(iterations.size(), 9U);  // three scenarios, three metrics
  const std::string name =
      "SmolLM2-135M/eager_sdpa_flash_attention/bfloat16/batch:1/prompt:128/new:64/threads:2/latency";
  EXPECT_EQ(iterations[name], 8);
}

TEST(GoogleBenchmark, AggregatesAreOfTheRepetitions) {
  const Json document = parse_json(google_benchmark_json(files_of({{.noise = 0}})), "output");
  std::vector<double> times;
  std::map<std::string, double> aggregates;
  for (const Json& entry : document["benchmarks"]) {
    if (entry["family_index"] != 0 || entry["per_family_instance_index"] != 0) continue;
    if (entry["run_type"] == "aggregate") {
      aggregates[entry["aggregate_name"].get<std::string>()] = entry["real_time"].get<double>();
    } else {
      times.push_back(entry["real_time"].get<double>());
      // Two threads work all the time.
      EXPECT_NEAR(entry["cpu_time"].get<double>(), 2 * times.back(), 1e-6);
    }
  }
  ASSERT_EQ(times.size(), 8U);
  double mean = 0;
  for (const double time : times) mean += time / 8;
  EXPECT_NEAR(aggregates["mean"], mean, 1e-9);
  EXPECT_NEAR(aggregates["cv"], aggregates["stddev"] / mean, 1e-12);
  EXPECT_LT(aggregates["median"], mean);  // one iteration has a stall
}

TEST(GoogleBenchmark, SeveralDocumentsOfAScenarioAreItsRepetitions) {
  const Json document = parse_json(google_benchmark_json(files_of({{}, {.seed = 2}})), "output");
  EXPECT_EQ(document["benchmarks"][0]["repetitions"], 16);
}

TEST(Bencher, FollowsTheFormatsDescription) {
  const std::string text = bencher_json(with_a_failure());
  EXPECT_EQ(test::schema_faults_of_text(text, "../tests/data/formats/bencher_metric_format.schema.json"), "");
  EXPECT_NE(test::schema_faults_of_text(R"({"a": {"Wrong Name": {"value": 1}}})",
                                        "../tests/data/formats/bencher_metric_format.schema.json"),
            "");
}

TEST(Bencher, TimesAreNanosecondsAndRatesAreAsTheyWere) {
  const auto files = files_of({{.noise = 0}});
  const Json document = parse_json(bencher_json(files), "output");
  EXPECT_EQ(document.size(), 3U);
  const Json& eager = document.begin().value();
  const Summary& first = *files[0].document.benchmark_scenarios[0].measurement("time_to_first_token");
  EXPECT_NEAR(eager["time-to-first-token"]["value"].get<double>(), *first.median * 1e9, 1);
  const Summary& rate = *files[0].document.benchmark_scenarios[0].measurement("tokens_per_second");
  EXPECT_DOUBLE_EQ(eager["tokens-per-second"]["value"].get<double>(), *rate.median);
  EXPECT_DOUBLE_EQ(eager["tokens-per-second"]["lower_value"].get<double>(), (*rate.ci95)[0]);
}

TEST(Bencher, TheNewestOfSeveralDocumentsCounts) {
  const auto files = files_of({{.slowness = 2, .noise = 0}, {.noise = 0}});
  const Json document = parse_json(bencher_json(files), "output");
  EXPECT_NEAR(document.begin().value()["time-to-first-token"]["value"].get<double>(), 0.08e9, 1);
}

TEST(ExportFormats, TakeNamesFromDocumentsAsData) {
  auto files = files_of({{}});
  files[0].document.model_name = "a|b,\"c\"\n<d>";
  files[0].document.benchmark_scenarios[0].metadata.model_id = "x,\"y\"";
  for (const ExportFormat& format : export_formats()) {
    EXPECT_FALSE(format.text(files).empty()) << format.name;
  }
  EXPECT_THAT(llama_bench_csv(files), HasSubstr("\"x,\"\"y\"\"\""));
  EXPECT_THAT(llama_bench_md(files), HasSubstr("a\\|b"));
}

TEST(ExportFormats, NoDocumentsAreNoRows) {
  for (const ExportFormat& format : export_formats()) {
    EXPECT_NO_THROW(format.text({})) << format.name;
  }
}

}  // namespace
}  // namespace bv2::app
