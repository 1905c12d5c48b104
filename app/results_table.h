// The results of a run as tables: for people, and as one row of plain numbers a scenario.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/table.h"
#include "framework/result.h"

namespace bv2::app {

/// The scenarios of one benchmark that were run.
struct BenchmarkResults {
  std::string benchmark;  ///< name of the benchmark in this run
  std::vector<ScenarioResult> scenarios;
};

/// "llama: SmolLM2-135M (synthetic weights), bfloat16, 2 threads, batch 1, 128 + 100 tokens": what all of its
/// scenarios have in common; what they do not is in their names.
std::string results_heading(const BenchmarkResults& results);

/// One row a scenario: status, the median of each metric and half of its 95% interval in percent of it, units
/// in the headings; its share of the machine's limits and its tainted iterations where there are any; the
/// error of what failed.
Table results_table(const BenchmarkResults& results);

/// One line a scenario that never became steady: "NAME was still changing at its end (1 of 2 launches): all
/// of its iterations count".
std::vector<std::string> unsteady_lines(const BenchmarkResults& results);

/// What the columns of these results mean, in lines; empty for no results.
std::string results_legend(std::span<const BenchmarkResults> results);

/// One row a scenario of all benchmarks: its configuration, and median with its 95% interval, mean and sample
/// standard deviation of each metric in base units (seconds, tokens/sec, bytes); empty where there is none.
Table results_csv(std::span<const BenchmarkResults> results);

/// One JSON document a benchmark, as results are written.
Json results_json(std::span<const BenchmarkResults> results);

/// One JSON object a line and scenario, with the benchmark's name.
std::string results_jsonl(std::span<const BenchmarkResults> results);

}  // namespace bv2::app
