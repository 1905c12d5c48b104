// One scenario from loading to its result.
#pragma once

#include <functional>

#include "base/interrupt.h"
#include "framework/result.h"
#include "framework/run_observer.h"
#include "framework/run_options.h"
#include "framework/run_plan.h"

namespace bv2 {

/// What a scenario shares with the others of its run.
struct ScenarioSurroundings {
  const RunOptions& options;
  RunObserver& observer;
  const InterruptFlag& interrupt;
  std::int64_t& order;  ///< measured iterations of the run so far
  std::function<void(const ScenarioResult&)>
      keep;  ///< told after each measured iteration what there is so far
};

/// Fills `result` (whose names, metadata and configuration are set): load, prepare, check, warm up, measure,
/// summarise. What fails becomes its status and error. Throws Interrupted with the result holding what was
/// measured.
void run_scenario(const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
                  const ScenarioSurroundings& run, ScenarioResult& result);

}  // namespace bv2
