// Which scenarios a coverage level has, and which of them the options keep.
#include "framework/scenario_space.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/dtype.h"
#include "base/file.h"
#include "base/json.h"

namespace bv2 {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 3> all_variants{"eager", "compiled", "kernelized"};
constexpr std::array<std::string_view, 2> all_attention{"eager", "sdpa"};
constexpr std::array<std::string_view, 3> all_backends{"math", "flash_attention", "efficient_attention"};
constexpr std::array<std::string_view, 3> all_compile_modes{"default", "reduce-overhead", "max-autotune"};
constexpr std::array<std::string_view, 3> all_dtypes{"float32", "bfloat16", "float16"};
constexpr std::array<std::string_view, 1> all_devices{"cpu"};

struct AttentionChoice {
  std::string_view implementation;
  std::optional<std::string_view> backend;
  int eager_level;  ///< from which level on the eager variant has it
  int other_level;  ///< and the other variants
};
// Level 1 compares the two that people choose between; the others only differ where those two do.
constexpr std::array attention_choices{
    AttentionChoice{"sdpa", "flash_attention", 0, 0},
    AttentionChoice{"eager", std::nullopt, 1, 2},
    AttentionChoice{"sdpa", "math", 2, 2},
    AttentionChoice{"sdpa", "efficient_attention", 2, 2},
};
constexpr int every_compile_mode_level = 4;

void check_name(std::string_view what, std::string_view value, Names known, std::string_view source) {
  if (std::ranges::find(known, value) != known.end()) return;
  fail<UsageError>("{}: {} '{}' is not known (choose one of: {})", source, what, value,
                   fmt::join(known, ", "));
}

void check_filter(std::string_view option, std::span<const std::string> values, Names known) {
  for (const std::string& value : values) check_name("the value", value, known, option);
}

bool keeps(std::span<const std::string> filter, std::string_view value) {
  return filter.empty() || std::ranges::find(filter, value) != filter.end();
}

void check_positive(std::string_view what, std::int64_t value, std::string_view source) {
  if (value <= 0) fail<UsageError>("{}: {} is {}, it must be at least 1", source, what, value);
}

}  // namespace

std::vector<ScenarioConfig> scenarios_of_level(int level, std::span<const std::string> variants) {
  std::vector<ScenarioConfig> scenarios;
  for (const std::string& variant : variants) {
    for (const AttentionChoice& attention : attention_choices) {
      if (level < (variant == "eager" ? attention.eager_level : attention.other_level)) continue;
      ScenarioConfig scenario;
      scenario.variant = variant;
      scenario.attn_implementation = attention.implementation;
      scenario.sdpa_backend = attention.backend;
      if (variant != "compiled") {
        scenarios.push_back(scenario);
        continue;
      }
      for (const std::string_view mode : all_compile_modes) {
        if (mode != "default" && level < every_compile_mode_level) continue;
        scenario.compile_mode = mode;
        scenarios.push_back(scenario);
      }
    }
  }
  return scenarios;
}

std::string describe(const ScenarioConfig& config) {
  std::string text = config.variant;
  if (config.compile_mode) text += fmt::format(" ({})", *config.compile_mode);
  text += config.attn_implementation == "eager"
              ? ", eager attention"
              : fmt::format(", sdpa with {}", config.sdpa_backend.value_or("its default backend"));
  return fmt::format("{}, {}, batch {}, prompt {}, {} new tokens", text, config.dtype, config.batch_size,
                     config.sequence_length ? fmt::format("{}", *config.sequence_length) : "as it is",
                     config.num_tokens_to_generate);
}

std::vector<ScenarioConfig> kept_scenarios(std::vector<ScenarioConfig> scenarios, const RunOptions& options) {
  check_filter("--variant", options.variants, all_variants);
  check_filter("--attn-implementation", options.attn_implementations, all_attention);
  check_filter("--sdpa-backend", options.sdpa_backends, all_backends);
  check_filter("--compile-mode", options.compile_modes, all_compile_modes);
  std::erase_if(scenarios, [&](const ScenarioConfig& scenario) {
    const bool attention_kept = scenario.sdpa_backend ? keeps(options.sdpa_backends, *scenario.sdpa_backend)
                                                      : options.sdpa_backends.empty();
    const bool mode_kept = scenario.compile_mode ? keeps(options.compile_modes, *scenario.compile_mode)
                                                 : options.compile_modes.empty();
    return !(keeps(options.variants, scenario.variant) &&
             keeps(options.attn_implementations, scenario.attn_implementation) && attention_kept &&
             mode_kept);
  });
  return scenarios;
}

std::vector<ScenarioConfig> expanded_scenarios(const std::vector<ScenarioConfig>& scenarios,
                                               const RunOptions& options) {
  std::vector<std::optional<std::int64_t>> lengths(options.sequence_lengths.begin(),
                                                   options.sequence_lengths.end());
  if (lengths.empty()) lengths.emplace_back();
  std::vector<ScenarioConfig> expanded;
  for (const std::int64_t batch : options.batch_sizes) {
    for (const auto& length : lengths) {
      for (const std::int64_t new_tokens : options.num_tokens_to_generate) {
        for (ScenarioConfig scenario : scenarios) {
          scenario.model_id = options.model_id;
          scenario.warmup_iterations = options.warmup_iterations;
          scenario.measurement_iterations = options.measurement_iterations;
          scenario.num_tokens_to_generate = new_tokens;
          scenario.device = options.device;
          scenario.dtype = options.dtype;
          scenario.batch_size = batch;
          scenario.sequence_length = length;
          scenario.threads = options.threads;
          expanded.push_back(std::move(scenario));
        }
      }
    }
  }
  return expanded;
}

std::vector<ScenarioConfig> read_scenarios(const std::filesystem::path& path) {
  std::vector<ScenarioConfig> scenarios;
  const auto add = [&](const Json& document, const std::string& where) {
    ScenarioConfig config;
    from_json_value(document, config, where);
    check_scenario(config, where);
    scenarios.push_back(std::move(config));
  };
  if (path.extension() == ".jsonl") {
    std::istringstream lines(read_file(path));
    std::int64_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      const std::string where = fmt::format("{}:{}", path.string(), number);
      if (line.find_first_not_of(" \t\r") != std::string::npos) add(parse_json(line, where), where);
    }
  } else {
    const Json document = read_json(path);
    if (document.is_array()) {
      for (std::size_t i = 0; i < document.size(); ++i)
        add(document[i], fmt::format("{}[{}]", path.string(), i));
    } else {
      add(document, path.string());
    }
  }
  if (scenarios.empty()) fail<UsageError>("--config-file: '{}' has no scenario", path.string());
  return scenarios;
}

void check_scenario(const ScenarioConfig& config, std::string_view source) {
  check_name("variant", config.variant, all_variants, source);
  check_name("attn_implementation", config.attn_implementation, all_attention, source);
  if (config.sdpa_backend) check_name("sdpa_backend", *config.sdpa_backend, all_backends, source);
  if (config.compile_mode) check_name("compile_mode", *config.compile_mode, all_compile_modes, source);
  check_name("dtype", config.dtype, all_dtypes, source);
  check_name("device", config.device, all_devices, source);
  check_positive("measurement_iterations", config.measurement_iterations, source);
  check_positive("num_tokens_to_generate", config.num_tokens_to_generate, source);
  check_positive("batch_size", config.batch_size, source);
  if (config.sequence_length) check_positive("sequence_length", *config.sequence_length, source);
  if (config.warmup_iterations < 0) {
    fail<UsageError>("{}: warmup_iterations is {}, it cannot be negative", source, config.warmup_iterations);
  }
  if (config.threads < 0)
    fail<UsageError>("{}: threads is {}, it cannot be negative (0: physical cores)", source, config.threads);
  if (!config.use_cache)
    fail<UsageError>("{}: use_cache is false, generation without a key/value cache is not supported", source);
}

}  // namespace bv2
