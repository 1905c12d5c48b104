// The variant `compiled`: a model's graphs as generated code.
#pragma once

#include <memory>

#include "benches/common/execution_mode.h"

namespace bv2 {

/// Throws Error for a compile mode that there is not.
std::unique_ptr<ExecutionMode> make_compiled_mode(const ScenarioConfig& config, engine::Model& model,
                                                  engine::AttentionPath attention);

}  // namespace bv2
