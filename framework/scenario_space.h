// Which scenarios there are: those of a coverage level, the filters over them, the sizes they are run at, and
// those that a file lists.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/run_options.h"
#include "framework/scenario_config.h"

namespace bv2 {

/// The modes and attention implementations of a coverage level, for the variants and compile modes that work.
/// Each level holds what the one below holds.
/// 0: sdpa with flash_attention in each mode, compiled by default; 1: also eager attention in the first mode,
/// and max-autotune and reduce-overhead where compiled; 2: every attention implementation in the first mode;
/// 3: every one in every mode; 4: with every compile mode.
std::vector<ScenarioConfig> scenarios_of_level(std::span<const std::string> variants,
                                               std::span<const std::string> compile_modes, int level);

inline constexpr int highest_level = 4;

/// Throws UsageError, with the option's name and the value, for counts below their minimum, and for names of
/// dtypes, devices and filters that do not exist.
void validate_options(const RunOptions& options);

/// Keeps the scenarios that the filters of the options name. A filter on sdpa backends says nothing about
/// eager attention, nor one on compile modes about other modes: such a scenario is dropped unless the
/// options also name its attention implementation or variant.
std::vector<ScenarioConfig> filter_scenarios(std::span<const ScenarioConfig> scenarios,
                                             const RunOptions& options);

/// Each scenario at every batch size x sequence length x number of new tokens of the options, with their
/// iterations, dtype, device and threads.
std::vector<ScenarioConfig> expand_sizes(std::span<const ScenarioConfig> scenarios,
                                         const RunOptions& options);

/// The scenarios of a file: `.json` is one object or an array of them, `.jsonl` one object a line. Fields as
/// in metadata.config; those that are absent have their defaults. Throws UsageError that names the file and
/// what is wrong in it: an unknown field, a value of the wrong type or one that does not exist.
std::vector<ScenarioConfig> read_config_file(const std::filesystem::path& path);

/// Settles what follows from the rest: no backend for eager attention, the default compile mode where
/// compiled and none is given. Throws UsageError, beginning with `where`, for what contradicts itself or
/// does not exist.
ScenarioConfig normalised(ScenarioConfig config, std::string_view where);

/// Each once, in the order of first appearance.
std::vector<ScenarioConfig> without_duplicates(std::vector<ScenarioConfig> scenarios);

/// Names for the scenarios of one benchmark, each once: scenario_name, and where several have the same, the
/// fields in which they differ: "eager_sdpa_math_batch_size_4".
std::vector<std::string> unique_scenario_names(std::span<const ScenarioConfig> scenarios);

/// "eager mode, sdpa attention (flash_attention), bfloat16 on cpu, batch 1, prompt of 128 tokens, 100 new
/// tokens"
std::string scenario_description(const ScenarioConfig& config);

}  // namespace bv2
