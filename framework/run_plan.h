// What a run would do: which benchmarks, with which scenarios.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/model_benchmark.h"
#include "framework/model_location.h"
#include "framework/run_options.h"
#include "framework/scenario_config.h"

namespace bv2 {

struct PlannedScenario {
  std::string name;         ///< unique within its benchmark
  std::string description;  ///< one line
  ScenarioConfig config;
};

/// One benchmark with one model: what one result document is of.
struct PlannedBenchmark {
  const ModelBenchmark* benchmark = nullptr;
  BenchmarkInfo info;
  std::string name;      ///< of the benchmark; with the model where the run has the benchmark more than once
  std::string model_id;  ///< as asked for, else info.default_model
  std::string model_name;                 ///< the last part of model_id, or the checkpoint folder's name
  std::optional<ModelLocation> location;  ///< of the checkpoint; none for the benchmark's own shape
  std::vector<PlannedScenario> scenarios;
};

/// What `run` does and `list` shows. Throws UsageError for options that select nothing, have values that do
/// not exist, or contradict each other. `locate` is asked for
/// the configuration of each model, and what it throws passes through. The benchmarks must outlive the plan.
std::vector<PlannedBenchmark> plan_run(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks,
                                       const RunOptions& options, const LocateModel& locate = locate_folder);

/// Has `locate` bring all of each model: what has to happen before a scenario of the plan is opened.
void locate_models(std::span<PlannedBenchmark> plan, const LocateModel& locate);

/// What the benchmark is to open for a scenario: results name the model as it was asked for, and loading
/// needs the folder where it is.
ScenarioConfig config_to_open(const PlannedBenchmark& benchmark, const ScenarioConfig& config);

/// The iterations of all scenarios, warm-up and measured.
std::int64_t iteration_count(std::span<const PlannedBenchmark> plan);

}  // namespace bv2
