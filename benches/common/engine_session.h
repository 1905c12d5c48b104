// A session on the built-in engine.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "framework/model_benchmark.h"

namespace bv2 {

/// Loads the checkpoint folder config.model_id, or, where that is empty, `default_config` (a config.json
/// named `default_name` in errors) with synthetic weights. Throws Error.
std::unique_ptr<Session> open_engine_session(const ScenarioConfig& config, std::string_view default_config,
                                             std::string_view default_name);

/// Weights of the same model, by its shapes alone. Throws Error.
std::int64_t engine_parameter_count(const ScenarioConfig& config, std::string_view default_config,
                                    std::string_view default_name);

}  // namespace bv2
