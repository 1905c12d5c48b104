// `run`: measures, and prints what came out.
#include <spdlog/logger.h>

#include <map>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/hub_access.h"
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

/// "kernelized is 2.85x [2.70, 3.00] eager", what it takes where that says nothing, and who never settled.
void print_remarks(Output& output, const BenchmarkResults& benchmark, bool markdown) {
  std::string lines;
  const auto add = [&](const std::string& line) {
    if (!line.empty()) lines += (markdown ? "- " : "") + line + "\n";
  };
  const std::vector<ModeComparison> comparisons = compare_modes(benchmark.scenarios);
  for (const ModeComparison& comparison : comparisons) add(mode_comparison_line(comparison));
  add(mode_comparison_hint(comparisons));
  for (const std::string& line : unsteady_lines(benchmark)) add(line);
  if (!lines.empty()) output.write(lines + "\n");
}

void print_tables(Output& output, std::span<const BenchmarkResults> results, TableFormat format) {
  const bool markdown = format == TableFormat::markdown;
  for (const auto& benchmark : results) {
    output.write((markdown ? "### " : "") + results_heading(benchmark) + "\n" + (markdown ? "\n" : ""));
    output.write(render(results_table(benchmark), format) + "\n");
    print_remarks(output, benchmark, markdown);
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

/// The results are on the disk: an upload that fails says so and how to do it later. Gives the exit status.
int upload(const CommandContext& context, const HubAccess& hub, const RunOutcome& outcome) {
  const hub::UploadRequest request{.output_dir = context.line.run.output_dir,
                                   .dataset = context.line.hub.dataset,
                                   .run_id = context.line.hub.run_id,
                                   .summary = outcome.summary};
  constexpr int interrupted_status = 130;
  const auto interrupted = [&] {
    context.log->warn("interrupted, so nothing was uploaded; this does it later: {}",
                      hub::upload_command_line(request));
    return interrupted_status;
  };
  if (outcome.exit_status == interrupted_status) return interrupted();
  if (outcome.summary.empty()) {
    context.log->error("nothing was uploaded, because the run's summary could not be written");
    return 1;
  }
  try {
    const hub::UploadReport report = hub.upload(request);
    return outcome.exit_status;
  } catch (const Interrupted&) {
    return interrupted();
  } catch (const Error& error) {
    context.log->error("{}", error.what());
    return 1;
  }
}

}  // namespace

int run_command(const CommandContext& context) {
  const HubAccess hub(context);
  const bool uploads = !context.line.hub.dataset.empty();
  if (uploads) hub.check_upload();
  RunWatcher watcher(context.console, context.log);
  RunSurroundings surroundings;
  surroundings.libraries = loaded_library_versions();
  surroundings.worker = worker_program(context.line);
  surroundings.reference_dir = reference_dir();
  surroundings.locate_model = hub.locator();
  if (context.line.run.machine_limits) {
    surroundings.limits = [&](std::span<const EngineServices* const> engines,
                              std::vector<std::int64_t> threads) {
      return limits_with(context, engines, std::move(threads), false);
    };
    surroundings.raise_limits = [&](std::span<const EngineServices* const> engines,
                                    std::vector<std::int64_t> threads, MachineLimits& limits) {
      return raise_limits_with(context, engines, std::move(threads), limits);
    };
  }
  const RunOutcome outcome =
      run(context.benchmarks, context.line.run, watcher, context.interrupt, surroundings);
  watcher.clear();
  print(context, watcher.results(), outcome);
  return uploads ? upload(context, hub, outcome) : outcome.exit_status;
}

}  // namespace bv2::app
