// What a run would do: which benchmarks, with which scenarios.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "framework/model_benchmark.h"
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
  std::string model_name;  ///< the last part of model_id, or the checkpoint folder's name
  std::vector<PlannedScenario> scenarios;
};

/// What `run` does and `list` shows. Throws UsageError for options that select nothing, have values that do
/// not exist, or contradict each other. The benchmarks must outlive the plan.
std::vector<PlannedBenchmark> plan_run(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks,
                                       const RunOptions& options);

/// The iterations of all scenarios, warm-up and measured.
std::int64_t iteration_count(std::span<const PlannedBenchmark> plan);

}  // namespace bv2
