// The roofline of a scenario's result.
#pragma once

#include <optional>

#include "framework/result.h"

namespace bv2 {

/// From what the result says of model, threads, limits and medians; nothing where the cost of a forward is
/// not known.
std::optional<Roofline> scenario_roofline(const ScenarioResult& result);

}  // namespace bv2
