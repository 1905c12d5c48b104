// Runs benchmarks and leaves their result documents.
#include "framework/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "framework/git_info.h"
#include "framework/result_writer.h"
#include "framework/run_plan.h"
#include "framework/scenario_run.h"
#include "framework/timestamp.h"

namespace bv2 {
namespace {

/// A random UUID (version 4).
std::string new_uuid() {
  std::random_device random;
  const auto bits = [&] { return (std::uint64_t{random()} << 32U) | random(); };
  const std::uint64_t high = (bits() & ~std::uint64_t{0xf000}) | 0x4000U;
  const std::uint64_t low = (bits() & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{1} << 63U);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                     high & 0xffffU, low >> 48U, low & 0xffffffffffffU);
}

GitInfo commit_of(const RunOptions& options) {
  GitInfo git{options.commit_id, options.branch_name, options.commit_message};
  if (git.commit_id && git.branch_name && git.commit_message) return git;
  const GitInfo found = read_git_info(std::filesystem::current_path());
  if (!git.commit_id) git.commit_id = found.commit_id;
  if (!git.branch_name) git.branch_name = found.branch_name;
  if (!git.commit_message) git.commit_message = found.commit_message;
  return git;
}

/// The limits for the scenarios of a plan, as far as their engines can measure them.
MachineLimits limits_for(std::span<const PlannedBenchmark> plan, const RunSurroundings& surroundings) {
  if (!surroundings.limits) return {};
  std::vector<const EngineServices*> engines;
  std::vector<std::int64_t> threads;
  for (const PlannedBenchmark& benchmark : plan) {
    const EngineServices* services = benchmark.benchmark->services();
    if (services == nullptr || !services->has_probes()) continue;
    if (std::ranges::find(engines, services) == engines.end()) engines.push_back(services);
    for (const PlannedScenario& scenario : benchmark.scenarios) threads.push_back(scenario.config.threads);
  }
  return engines.empty() ? MachineLimits() : surroundings.limits(engines, std::move(threads));
}

class Run {
 public:
  Run(std::span<const PlannedBenchmark> plan, const RunOptions& options, const PromptRequest& prompt,
      RunObserver& observer, const InterruptFlag& interrupt, const RunSurroundings& surroundings)
      : plan_(plan),
        options_(options),
        observer_(observer),
        interrupt_(interrupt),
        surroundings_(surroundings),
        scenario_surroundings_{observer, interrupt, prompt},
        limits_(limits_for(plan, surroundings)),
        git_(commit_of(options)),
        started_(surroundings.wall_clock()) {}

  RunOutcome run() {
    std::int64_t scenarios = 0;
    for (const PlannedBenchmark& benchmark : plan_) {
      scenarios += static_cast<std::int64_t>(benchmark.scenarios.size());
    }
    observer_.run_started(scenarios, iteration_count(plan_));
    summary_.run_metadata.timestamp = utc_timestamp(started_);
    summary_.run_metadata.benchmark_run_uuid = new_uuid();
    summary_.run_metadata.total_benchmarks = static_cast<std::int64_t>(plan_.size());
    summary_.output_directory = options_.output_dir.string();
    for (const PlannedBenchmark& benchmark : plan_) run_benchmark(benchmark);
    write_summary();
    if (interrupt_.raised()) outcome_.exit_status = 130;
    return std::move(outcome_);
  }

 private:
  void run_benchmark(const PlannedBenchmark& benchmark) {
    if (interrupt_.raised()) {
      summary_.benchmark_results.emplace_back(benchmark.name, std::nullopt);
      return;
    }
    const std::string model = safe_file_name(benchmark.model_name);
    DocumentKeeper keeper(
        ResultFile(options_.output_dir / model, fmt::format("{}_benchmark_{}", model, file_stamp())),
        {.benchmark = benchmark.info.name, .model_name = benchmark.model_name, .benchmark_scenarios = {}},
        surroundings_.partial_write_interval_ns, observer_);
    bool success = true;
    for (const PlannedScenario& scenario : benchmark.scenarios) {
      if (interrupt_.raised()) success = false;
      if (interrupt_.raised()) break;
      observer_.scenario_started(next_index_++, benchmark.name, scenario.name);
      const ScenarioResult result =
          run_scenario(benchmark, scenario, metadata_of(benchmark), scenario_surroundings_,
                       {.due = [&] { return keeper.due(); },
                        .keep = [&](const ScenarioResult& so_far) { keeper.scenario_under_way(so_far); }});
      keeper.scenario_finished(result);
      observer_.scenario_finished(benchmark.name, result);
      success =
          success && (result.status == ScenarioStatus::success || result.status == ScenarioStatus::skipped);
    }
    record(benchmark, keeper, success && keeper.complete());
  }

  void record(const PlannedBenchmark& benchmark, const DocumentKeeper& keeper, bool success) {
    ++(success ? summary_.run_metadata.successful_benchmarks : summary_.run_metadata.failed_benchmarks);
    if (!success) outcome_.exit_status = 1;
    if (keeper.path().empty()) {
      summary_.benchmark_results.emplace_back(benchmark.name, std::nullopt);
      return;
    }
    summary_.benchmark_results.emplace_back(benchmark.name, keeper.path().string());
    outcome_.documents.push_back(keeper.path());
  }

  [[nodiscard]] ScenarioMetadata metadata_of(const PlannedBenchmark& benchmark) const {
    ScenarioMetadata metadata;
    metadata.timestamp = utc_timestamp(surroundings_.wall_clock());
    metadata.commit_id = git_.commit_id;
    metadata.branch_name = git_.branch_name;
    metadata.commit_message = git_.commit_message;
    metadata.model_id = benchmark.model_id;
    metadata.hardware_info = read_hardware_info(surroundings_.libraries, surroundings_.system_root);
    if (!limits_.empty()) metadata.hardware_info.measured_peaks = to_json(limits_);
    return metadata;
  }

  void write_summary() {
    ResultFile file(options_.output_dir, "benchmark_summary_" + file_stamp());
    try {
      file.write(to_json(summary_));
      outcome_.summary = file.path();
      observer_.document_written(file.path());
    } catch (const Error& error) {
      observer_.problem(error.what());
      outcome_.exit_status = 1;
    }
  }

  [[nodiscard]] std::string file_stamp() const { return file_name_timestamp(started_); }

  std::span<const PlannedBenchmark> plan_;
  const RunOptions& options_;
  RunObserver& observer_;
  const InterruptFlag& interrupt_;
  const RunSurroundings& surroundings_;
  ScenarioSurroundings scenario_surroundings_;
  MachineLimits limits_;
  GitInfo git_;
  std::chrono::system_clock::time_point started_;
  RunSummary summary_;
  RunOutcome outcome_;
  std::int64_t next_index_ = 0;
};

}  // namespace

RunOutcome run(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks, const RunOptions& options,
               RunObserver& observer, const InterruptFlag& interrupt, const RunSurroundings& surroundings) {
  const std::vector<PlannedBenchmark> plan = plan_run(benchmarks, options);
  const PromptRequest prompt = prompt_request(options);
  check_output_folder(options.output_dir);
  return Run(plan, options, prompt, observer, interrupt, surroundings).run();
}

}  // namespace bv2
