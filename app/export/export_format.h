// What `export` writes: results in the formats of other tools, one file a tool.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "framework/document_files.h"

namespace bv2::app {

/// Of the scenarios that succeeded; the others have nothing that these formats could carry.
struct ExportFormat {
  std::string_view name;  ///< as --format takes it
  std::string (*text)(std::span<const DocumentFile> files);
};

/// All of them, in the order of the help.
std::span<const ExportFormat> export_formats();

/// Rows as llama-bench writes them: for each scenario one of the prompt (pp), one of the new tokens after the
/// first (tg), and one of the whole iteration (pp+tg); of an encoder the first alone.
std::string llama_bench_csv(std::span<const DocumentFile> files);
std::string llama_bench_md(std::span<const DocumentFile> files);
std::string llama_bench_json(std::span<const DocumentFile> files);
std::string llama_bench_jsonl(std::span<const DocumentFile> files);

/// The JSON of Google Benchmark: a benchmark a scenario and metric in seconds, a repetition an iteration. The
/// same scenario of several documents is one benchmark.
std::string google_benchmark_json(std::span<const DocumentFile> files);

/// Bencher Metric Format: medians with their 95% intervals, times in nanoseconds as that tool's own latency.
/// Of several documents of one scenario the newest counts.
std::string bencher_json(std::span<const DocumentFile> files);

/// What a scenario is called where one text has to say everything:
/// "SmolLM2-135M/eager_sdpa_math/bfloat16/batch:1/prompt:128/new:100/threads:2".
std::string exported_name(const DocumentFile& file, const ScenarioResult& scenario);

}  // namespace bv2::app
