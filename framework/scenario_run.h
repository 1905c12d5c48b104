// One scenario from loading the model to its result.
#pragma once

#include <cstdint>
#include <functional>

#include "base/interrupt.h"
#include "framework/memory_usage.h"
#include "framework/prompt.h"
#include "framework/result.h"
#include "framework/run_observer.h"
#include "framework/run_plan.h"

namespace bv2 {

/// What the scenarios of a run share.
struct ScenarioSurroundings {
  RunObserver& observer;
  const InterruptFlag& interrupt;
  const PromptRequest& prompt;
  PeakMemory memory{};
  std::int64_t measured_iterations = 0;  ///< of the run so far
};

/// Keeps what a scenario that is under way has measured.
struct ScenarioProgress {
  std::function<bool()> due;  ///< whether to make a result now; asked after each measured iteration
  std::function<void(const ScenarioResult& so_far)> keep;  ///< a result as it would be if the run ended here
};

/// Loads, prepares, checks, warms up, measures and summarises. Whatever goes wrong becomes the result's
/// status and error, with what was measured until then; so does an interruption. `metadata` comes with what
/// is known beforehand.
ScenarioResult run_scenario(const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
                            ScenarioMetadata metadata, ScenarioSurroundings& surroundings,
                            const ScenarioProgress& progress);

}  // namespace bv2
