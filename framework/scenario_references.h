// The references of a run's scenarios: computed before any scenario is resident, each once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "framework/prompt.h"
#include "framework/reference_store.h"
#include "framework/run_observer.h"
#include "framework/run_plan.h"
#include "framework/worker/worker.h"

namespace bv2 {

/// Where a scenario's reference is, or why there is none.
struct ScenarioReference {
  std::filesystem::path file;  ///< empty: none
  std::string reason;
};

/// What computing references takes.
struct ReferenceSetting {
  ReferenceStore store;
  const PromptRequest& prompt;
  /// By model id, of checkpoints; those that could not be read are missing.
  const std::map<std::string, std::string>& weights_hashes;
  const InterruptFlag& interrupt;
  RunObserver& observer;
  std::function<std::unique_ptr<Worker>()> new_worker;
  std::function<std::optional<std::int64_t>()> available_memory_bytes;
};

/// Of each scenario of the plan, in its order. What is not kept yet is computed by a worker of its own, which
/// is gone before the next; not where memory is too short for a float32 copy, and where the benchmark has no
/// eager variant. Throws Interrupted.
std::vector<ScenarioReference> scenario_references(std::span<const PlannedBenchmark> plan,
                                                   const ReferenceSetting& setting);

}  // namespace bv2
