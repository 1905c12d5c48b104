// Which scenarios a coverage level has, and which of them the options keep.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "framework/run_options.h"
#include "framework/scenario_config.h"

namespace bv2 {

/// The scenarios of a level (0 to 4) over those variants: modes and attention only.
/// 0: one a mode. 1: the few that matter. 2: every attention implementation. 3: the full cross with the sdpa
/// backends. 4: with every compile mode.
std::vector<ScenarioConfig> scenarios_of_level(int level, std::span<const std::string> variants);

/// One line for people: what the scenario runs.
std::string describe(const ScenarioConfig& config);

/// Those that variant, attn_implementation, sdpa_backend and compile_mode keep. Throws UsageError for a name
/// that does not exist.
std::vector<ScenarioConfig> kept_scenarios(std::vector<ScenarioConfig> scenarios, const RunOptions& options);

/// Every scenario with every batch size, prompt length and number of new tokens, and the options' iterations,
/// dtype, device and threads.
std::vector<ScenarioConfig> expanded_scenarios(const std::vector<ScenarioConfig>& scenarios,
                                               const RunOptions& options);

/// --config-file: a .json document (one configuration or an array), or .jsonl, one a line. Throws UsageError
/// naming file and field.
std::vector<ScenarioConfig> read_scenarios(const std::filesystem::path& path);

/// Throws UsageError naming the option and the value for a count that is not positive and for names that do
/// not exist. `source` says where the configuration is from.
void check_scenario(const ScenarioConfig& config, std::string_view source);

}  // namespace bv2
