// Runs benchmarks and leaves their result documents.
#include "framework/runner.h"

#include <fmt/format.h>

#include <random>

#include "base/clock.h"
#include "framework/git_info.h"
#include "framework/hardware_info.h"
#include "framework/result.h"
#include "framework/result_writer.h"
#include "framework/run_plan.h"
#include "framework/scenario_runner.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// A random UUID (RFC 4122, version 4).
std::string random_uuid() {
  std::random_device device;
  const auto word = [&] { return static_cast<std::uint32_t>(device()); };
  const std::uint32_t b = word();
  const std::uint32_t c = word();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", word(), b >> 16U, b & 0xfffU,
                     (c >> 16U & 0x3fffU) | 0x8000U, c & 0xffffU, word());
}

/// One run: its documents, and what all scenarios have in common.
class Run {
 public:
  Run(const RunOptions& options, RunObserver& observer, const InterruptFlag& interrupt,
      const RunSurroundings& surroundings)
      : options_(options),
        observer_(observer),
        interrupt_(interrupt),
        surroundings_(surroundings),
        writer_(options.output_dir, surroundings.wall_clock()),
        hardware_(read_hardware_info(surroundings.libraries, surroundings.system_root)),
        git_(read_git_info(fs::current_path())) {
    summary_.output_directory = options.output_dir.string();
    summary_.run_metadata.timestamp = iso_time(surroundings.wall_clock());
    summary_.run_metadata.benchmark_run_uuid = random_uuid();
  }

  RunOutcome run(std::span<const PlannedBenchmark> plan) {
    std::int64_t scenarios = 0;
    for (const PlannedBenchmark& benchmark : plan) scenarios += std::ssize(benchmark.scenarios);
    observer_.run_started(scenarios, iteration_count(plan));
    for (const PlannedBenchmark& benchmark : plan) {
      if (!interrupted_) run_benchmark(benchmark);
    }
    write_summary();
    outcome_.exit_status = interrupted_ ? 130 : failed_ ? 1 : 0;
    return outcome_;
  }

 private:
  void run_benchmark(const PlannedBenchmark& benchmark) {
    BenchmarkDocument document{
        .benchmark = benchmark.info.name, .model_name = benchmark.model_name, .benchmark_scenarios = {}};
    const fs::path path = writer_.choose_document_path(benchmark.model_name, surroundings_.wall_clock());
    bool all_succeeded = true;
    for (const PlannedScenario& scenario : benchmark.scenarios) {
      observer_.scenario_started(scenario_index_++, benchmark.name, scenario.name);
      document.benchmark_scenarios.push_back(blank_result(benchmark, scenario));
      measure(benchmark, scenario, document, path);
      const ScenarioResult& result = document.benchmark_scenarios.back();
      all_succeeded = all_succeeded && result.status == ScenarioStatus::success;
      observer_.scenario_finished(benchmark.name, result);
      write(path, document);
      if (interrupted_) break;
    }
    finish(benchmark, path, all_succeeded);
  }

  void measure(const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
               BenchmarkDocument& document, const fs::path& path) {
    ScenarioResult& result = document.benchmark_scenarios.back();
    std::int64_t last_write_ns = monotonic_now_ns();
    const auto keep = [&](const ScenarioResult&) {
      if (monotonic_now_ns() - last_write_ns < surroundings_.partial_write_interval_ns) return;
      write(path, document);
      last_write_ns = monotonic_now_ns();
    };
    try {
      run_scenario(benchmark, scenario, {options_, observer_, interrupt_, order_, keep}, result);
    } catch (const Interrupted&) {
      interrupted_ = true;
    }
  }

  ScenarioResult blank_result(const PlannedBenchmark& benchmark, const PlannedScenario& scenario) {
    ScenarioResult result;
    result.scenario_name = scenario.name;
    result.scenario_description = scenario.description;
    result.metadata.timestamp = iso_time(surroundings_.wall_clock());
    result.metadata.commit_id = options_.commit_id ? options_.commit_id : git_.commit_id;
    result.metadata.branch_name = options_.branch_name ? options_.branch_name : git_.branch_name;
    result.metadata.commit_message = options_.commit_message ? options_.commit_message : git_.commit_message;
    result.metadata.model_id = benchmark.model_id;
    result.metadata.hardware_info = hardware_;
    result.metadata.config = scenario.config;
    return result;
  }

  /// A document that cannot be written ends nothing: what was measured before it is still on the disk, and
  /// the next may fit.
  void write(const fs::path& path, const BenchmarkDocument& document) {
    try {
      write_json(path, to_json(document));
    } catch (const Error& error) {
      failed_ = true;
      observer_.problem(error.what());
    }
  }

  void finish(const PlannedBenchmark& benchmark, const fs::path& path, bool succeeded) {
    std::error_code error;
    const bool written = fs::exists(path, error);
    summary_.benchmark_results.emplace_back(benchmark.name,
                                            written ? std::optional(path.string()) : std::nullopt);
    ++summary_.run_metadata.total_benchmarks;
    if (succeeded && !interrupted_)
      ++summary_.run_metadata.successful_benchmarks;
    else
      ++summary_.run_metadata.failed_benchmarks;
    if (!succeeded) failed_ = true;
    if (!written) return;
    outcome_.documents.push_back(path);
    observer_.document_written(path);
  }

  void write_summary() {
    try {
      write_json(writer_.summary_path(), to_json(summary_));
      outcome_.summary = writer_.summary_path();
      observer_.document_written(outcome_.summary);
    } catch (const Error& error) {
      failed_ = true;
      observer_.problem(error.what());
    }
  }

  const RunOptions& options_;
  RunObserver& observer_;
  const InterruptFlag& interrupt_;
  const RunSurroundings& surroundings_;
  ResultWriter writer_;
  HardwareInfo hardware_;
  GitInfo git_;
  RunSummary summary_;
  RunOutcome outcome_;
  std::int64_t order_ = 0;
  std::int64_t scenario_index_ = 0;
  bool interrupted_ = false;
  bool failed_ = false;
};

}  // namespace

RunOutcome run(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks, const RunOptions& options,
               RunObserver& observer, const InterruptFlag& interrupt, const RunSurroundings& surroundings) {
  const std::vector<PlannedBenchmark> plan = plan_run(benchmarks, options);
  return Run(options, observer, interrupt, surroundings).run(plan);
}

}  // namespace bv2
