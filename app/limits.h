// The machine's limits for a command: measured with progress on the console, kept in the user's cache folder.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "app/commands.h"
#include "framework/engine_services.h"
#include "framework/machine_limits.h"

namespace bv2::app {

/// By those engines' probes, with so many threads each (0: physical cores). `anew`: whatever was kept. Throws
/// Interrupted.
MachineLimits limits_with(const CommandContext& context, std::span<const EngineServices* const> engines,
                          std::vector<std::int64_t> threads, bool anew);

/// Looks again at what moves, with the same; see raise_machine_limits. Throws Interrupted.
bool raise_limits_with(const CommandContext& context, std::span<const EngineServices* const> engines,
                       std::vector<std::int64_t> threads, MachineLimits& limits);

}  // namespace bv2::app
