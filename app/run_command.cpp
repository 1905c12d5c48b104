// `run`: measures, and prints what came out.
#include <map>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/limits.h"
#include "app/progress.h"
#include "app/results_table.h"
#include "base/cache_folder.h"
#include "base/shared_library.h"
#include "framework/mode_comparison.h"
#include "framework/runner.h"
#include "framework/worker/serve.h"

namespace bv2::app {
namespace {

/// Shows progress and keeps the results for the table.
class RunWatcher : public Progress {
 public:
  using Progress::Progress;

  void scenario_finished(std::int64_t index, std::string_view benchmark,
                         const ScenarioResult& result) override {
    Progress::scenario_finished(index, benchmark, result);
    finished_.insert_or_assign(index, std::pair(std::string(benchmark), result));
  }
  /// In the order of the plan, whatever came first.
  [[nodiscard]] std::vector<BenchmarkResults> results() const {
    std::vector<BenchmarkResults> results;
    for (const auto& [index, finished] : finished_) {
      const auto& [benchmark, result] = finished;
      if (results.empty() || results.back().benchmark != benchmark) {
        results.push_back({.benchmark = benchmark, .scenarios = {}});
      }
      results.back().scenarios.push_back(result);
    }
    return results;
  }

 private:
  std::map<std::int64_t, std::pair<std::string, ScenarioResult>> finished_;
};

/// "kernelized is 2.85x [2.70, 3.00] eager".
void print_comparisons(Output& output, const BenchmarkResults& benchmark, bool markdown) {
  std::string lines;
  for (const ModeComparison& comparison : compare_modes(benchmark.scenarios)) {
    const std::string line = mode_comparison_line(comparison);
    if (!line.empty()) lines += (markdown ? "- " : "") + line + "\n";
  }
  if (!lines.empty()) output.write(lines + "\n");
}

void print_tables(Output& output, std::span<const BenchmarkResults> results, TableFormat format) {
  const bool markdown = format == TableFormat::markdown;
  for (const auto& benchmark : results) {
    output.write((markdown ? "### " : "") + results_heading(benchmark) + "\n" + (markdown ? "\n" : ""));
    output.write(render(results_table(benchmark), format) + "\n");
    print_comparisons(output, benchmark, markdown);
  }
  output.write(results_legend(results));
}

void print_paths(Output& output, const RunOutcome& outcome) {
  for (const auto& document : outcome.documents) output.write(document.string() + "\n");
  if (!outcome.summary.empty()) output.write(outcome.summary.string() + "\n");
}

void print(const CommandContext& context, std::span<const BenchmarkResults> results,
           const RunOutcome& outcome) {
  switch (context.line.format) {
    case OutputFormat::table:
      print_tables(context.output, results, TableFormat::plain);
      return print_paths(context.output, outcome);
    case OutputFormat::md:
      return print_tables(context.output, results, TableFormat::markdown);
    case OutputFormat::csv:
      return context.output.write(render(results_csv(results), TableFormat::csv));
    case OutputFormat::json:
      return context.output.write(results_json(results).dump(2, ' ', false, Json::error_handler_t::replace) +
                                  "\n");
    case OutputFormat::jsonl:
      return context.output.write(results_jsonl(results));
  }
}

/// In the user's cache folder; empty where that is not known: the run then keeps them in its output folder.
std::filesystem::path reference_dir() {
  try {
    return default_cache_folder() / "references";
  } catch (const UsageError&) {
    return {};
  }
}

/// This very program, even when its file was replaced meanwhile.
WorkerProgram worker_program(const CommandLine& line) {
  const auto texts = [](const std::vector<std::filesystem::path>& paths) {
    return std::vector<std::string>(paths.begin(), paths.end());
  };
  return {.command = {"/proc/self/exe", worker_argument},
          .benches_dirs = texts(line.benches_dirs),
          .kernels_dirs = texts(line.kernels_dirs)};
}

}  // namespace

int run_command(const CommandContext& context) {
  RunWatcher watcher(context.console, context.log);
  RunSurroundings surroundings;
  surroundings.libraries = loaded_library_versions();
  surroundings.worker = worker_program(context.line);
  surroundings.reference_dir = reference_dir();
  if (context.line.run.machine_limits) {
    surroundings.limits = [&](std::span<const EngineServices* const> engines,
                              std::vector<std::int64_t> threads) {
      return limits_with(context, engines, std::move(threads), false);
    };
  }
  const RunOutcome outcome =
      run(context.benchmarks, context.line.run, watcher, context.interrupt, surroundings);
  watcher.clear();
  print(context, watcher.results(), outcome);
  return outcome.exit_status;
}

}  // namespace bv2::app
