// From what the monitors of a scenario saw to its result.
#pragma once

#include "base/json.h"
#include "framework/result.h"

namespace bv2 {

/// Fills the monitors' costs, hardware_counters, energy (and the measurements that follow from it) and
/// gpu_metrics from the iterations and the reports in scenario.monitors. Expects summarise_scenario before.
/// `idle_watts`: by domain of energy.
void summarise_monitors(ScenarioResult& scenario, const NamedValues<double>& idle_watts);

/// From the sizes of the model; nothing before it is loaded.
std::optional<AnalyticMemory> analytic_memory(const ScenarioMetadata& metadata);

}  // namespace bv2
