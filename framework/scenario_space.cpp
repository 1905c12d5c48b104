// Which scenarios there are.
#include "framework/scenario_space.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/file.h"
#include "base/json.h"

namespace bv2 {
namespace {

struct Attention {
  std::string_view implementation;
  std::optional<std::string_view> backend;
};

constexpr std::array<std::string_view, 3> known_variants{"eager", "compiled", "kernelized"};
constexpr std::array<std::string_view, 2> known_attention{"eager", "sdpa"};
constexpr std::array<std::string_view, 3> known_backends{"flash_attention", "math", "efficient_attention"};
constexpr std::array<std::string_view, 4> known_compile_modes{"default", "max-autotune", "reduce-overhead",
                                                              "max-autotune-no-cudagraphs"};
constexpr std::array<std::string_view, 3> known_dtypes{"float32", "bfloat16", "float16"};
constexpr std::array<std::string_view, 1> known_devices{"cpu"};

/// From the one that matters most to the one that matters least.
constexpr std::array<Attention, 4> attentions{Attention{"sdpa", "flash_attention"}, Attention{"eager", {}},
                                              Attention{"sdpa", "math"},
                                              Attention{"sdpa", "efficient_attention"}};

/// How many of `attentions` and of `known_compile_modes` a level covers, in the first mode and in the others.
struct Coverage {
  std::size_t attentions_first;
  std::size_t attentions_other;
  std::size_t compile_modes;
};
constexpr std::array<Coverage, highest_level + 1> coverage{
    {{1, 1, 1}, {2, 1, 1}, {4, 1, 3}, {4, 4, 3}, {4, 4, 4}}};

ScenarioConfig make_config(std::string_view variant, const Attention& attention) {
  ScenarioConfig config;
  config.variant = variant;
  config.attn_implementation = attention.implementation;
  config.sdpa_backend.reset();
  if (attention.backend) config.sdpa_backend = *attention.backend;
  return config;
}

void check_name(std::string_view what, std::string_view value, std::span<const std::string_view> known) {
  if (std::ranges::find(known, value) != known.end()) return;
  fail<UsageError>("{} '{}' does not exist; there are: {}", what, value, fmt::join(known, ", "));
}

void check_names(std::string_view option, std::span<const std::string> values,
                 std::span<const std::string_view> known) {
  for (const std::string& value : values) check_name(option, value, known);
}

// Far beyond any machine, and small enough that products of two do not overflow.
constexpr std::int64_t largest_count = 1'000'000'000;

void check_count(std::string_view what, std::int64_t value, std::int64_t minimum) {
  if (value < minimum) fail<UsageError>("{} {} does not fit: it must be at least {}", what, value, minimum);
  if (value > largest_count) {
    fail<UsageError>("{} {} does not fit: it must be at most {}", what, value, largest_count);
  }
}

void check_counts(std::string_view option, std::span<const std::int64_t> values) {
  for (const std::int64_t value : values) check_count(option, value, 1);
}

bool names(std::span<const std::string> filter, std::string_view value) {
  return std::ranges::find(filter, value) != filter.end();
}

/// Whether a filter keeps a value; one that the scenario does not have is kept where `named` says that the
/// options ask for such scenarios by another filter.
bool keeps(std::span<const std::string> filter, const std::optional<std::string>& value, bool named) {
  if (filter.empty()) return true;
  return value ? names(filter, *value) : named;
}

std::vector<Json> documents_of(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  if (path.extension() == ".jsonl") {
    std::vector<Json> documents;
    std::string_view rest = text;
    for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      documents.push_back(parse_json(line, fmt::format("{}:{}", path.string(), line_number)));
    }
    return documents;
  }
  Json document = parse_json(text, path.string());
  if (!document.is_array()) return {std::move(document)};
  return {document.begin(), document.end()};
}

std::string plain_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "default" : value.dump();
}

}  // namespace

std::vector<ScenarioConfig> scenarios_of_level(std::span<const std::string> variants,
                                               std::span<const std::string> compile_modes, int level) {
  const Coverage& covered = coverage.at(static_cast<std::size_t>(level));
  std::vector<ScenarioConfig> scenarios;
  for (const std::string& variant : variants) {
    const bool first = variant == variants.front();
    const std::span used =
        std::span(attentions).first(first ? covered.attentions_first : covered.attentions_other);
    for (const Attention& attention : used) {
      ScenarioConfig config = make_config(variant, attention);
      if (variant != "compiled") {
        scenarios.push_back(std::move(config));
        continue;
      }
      for (const std::string_view mode : std::span(known_compile_modes).first(covered.compile_modes)) {
        if (!names(compile_modes, mode)) continue;
        config.compile_mode = mode;
        scenarios.push_back(config);
      }
    }
  }
  return scenarios;
}

void validate_options(const RunOptions& options) {
  check_count("--warmup-iterations", options.warmup_iterations, 0);
  check_count("--measurement-iterations", options.measurement_iterations, 1);
  check_count("--num-tokens-to-profile", options.tokens_to_profile, 0);
  check_counts("--num-tokens-to-generate", options.num_tokens_to_generate);
  check_counts("--batch-size", options.batch_sizes);
  check_counts("--sequence-length", options.sequence_lengths);
  check_count("--threads", options.threads, 0);
  if (options.level < 0 || options.level > highest_level) {
    fail<UsageError>("--level {} does not exist; there are 0 to {}", options.level, highest_level);
  }
  check_name("--dtype", options.dtype, known_dtypes);
  check_name("--device", options.device, known_devices);
  check_names("--variant", options.variants, known_variants);
  check_names("--attn-implementation", options.attn_implementations, known_attention);
  check_names("--sdpa-backend", options.sdpa_backends, known_backends);
  check_names("--compile-mode", options.compile_modes, known_compile_modes);
  if (options.prompt.has_value() + options.prompt_file.has_value() + !options.prompt_ids.empty() > 1) {
    fail<UsageError>("--prompt, --prompt-file and --prompt-ids exclude each other: give one of them");
  }
}

std::vector<ScenarioConfig> filter_scenarios(std::span<const ScenarioConfig> scenarios,
                                             const RunOptions& options) {
  std::vector<ScenarioConfig> kept;
  std::ranges::copy_if(scenarios, std::back_inserter(kept), [&](const ScenarioConfig& config) {
    return keeps(options.variants, config.variant, false) &&
           keeps(options.attn_implementations, config.attn_implementation, false) &&
           keeps(options.sdpa_backends, config.sdpa_backend,
                 names(options.attn_implementations, config.attn_implementation)) &&
           keeps(options.compile_modes, config.compile_mode, names(options.variants, config.variant));
  });
  return kept;
}

std::vector<ScenarioConfig> expand_sizes(std::span<const ScenarioConfig> scenarios,
                                         const RunOptions& options) {
  std::vector<std::optional<std::int64_t>> lengths(options.sequence_lengths.begin(),
                                                   options.sequence_lengths.end());
  if (lengths.empty()) lengths.emplace_back();
  std::vector<std::int64_t> batch_sizes = options.batch_sizes;
  if (batch_sizes.empty()) batch_sizes.push_back(1);
  std::vector<ScenarioConfig> expanded;
  for (const ScenarioConfig& scenario : scenarios) {
    for (const std::int64_t batch_size : batch_sizes) {
      for (const std::optional<std::int64_t> sequence_length : lengths) {
        for (const std::int64_t new_tokens : options.num_tokens_to_generate) {
          ScenarioConfig& config = expanded.emplace_back(scenario);
          config.warmup_iterations = options.warmup_iterations;
          config.measurement_iterations = options.measurement_iterations;
          config.num_tokens_to_generate = new_tokens;
          config.device = options.device;
          config.dtype = options.dtype;
          config.batch_size = batch_size;
          config.sequence_length = sequence_length;
          config.threads = options.threads;
        }
      }
    }
  }
  return expanded;
}

ScenarioConfig normalised(ScenarioConfig config, std::string_view where) {
  const auto named = [&](std::string_view field) { return fmt::format("{}: {}", where, field); };
  check_name(named("variant"), config.variant, known_variants);
  check_name(named("attn_implementation"), config.attn_implementation, known_attention);
  check_name(named("dtype"), config.dtype, known_dtypes);
  check_name(named("device"), config.device, known_devices);
  if (config.sdpa_backend) check_name(named("sdpa_backend"), *config.sdpa_backend, known_backends);
  if (config.compile_mode) check_name(named("compile_mode"), *config.compile_mode, known_compile_modes);
  check_count(named("warmup_iterations"), config.warmup_iterations, 0);
  check_count(named("measurement_iterations"), config.measurement_iterations, 1);
  check_count(named("num_tokens_to_generate"), config.num_tokens_to_generate, 0);
  check_count(named("batch_size"), config.batch_size, 1);
  check_count(named("sequence_length"), config.sequence_length.value_or(1), 1);
  check_count(named("threads"), config.threads, 0);
  if (!config.use_cache) fail<UsageError>("{}: use_cache false is not supported: leave it out", where);
  if (config.attn_implementation == "eager") config.sdpa_backend.reset();
  if (config.variant == "compiled" && !config.compile_mode) config.compile_mode = "default";
  if (config.variant != "compiled" && config.compile_mode) {
    fail<UsageError>("{}: compile_mode '{}' does not go with the variant '{}', only with 'compiled'", where,
                     *config.compile_mode, config.variant);
  }
  return config;
}

std::vector<ScenarioConfig> read_config_file(const std::filesystem::path& path) {
  if (path.extension() != ".json" && path.extension() != ".jsonl") {
    fail<UsageError>("--config-file '{}' must end in .json or .jsonl", path.string());
  }
  std::vector<Json> documents;
  try {
    documents = documents_of(path);
  } catch (const Error& error) {
    throw UsageError(fmt::format("--config-file: {}", error.what()));
  }
  if (documents.empty()) fail<UsageError>("--config-file '{}' has no scenarios", path.string());
  std::vector<ScenarioConfig> scenarios;
  for (const Json& document : documents) {
    const std::string where = fmt::format("'{}': scenario {}", path.string(), scenarios.size() + 1);
    ScenarioConfig config;
    from_json_value(document, config, where);
    scenarios.push_back(normalised(std::move(config), where));
  }
  return scenarios;
}

std::vector<ScenarioConfig> without_duplicates(std::vector<ScenarioConfig> scenarios) {
  std::vector<Json> seen;
  std::erase_if(scenarios, [&](const ScenarioConfig& config) {
    Json document = to_json(config);
    if (std::ranges::find(seen, document) != seen.end()) return true;
    seen.push_back(std::move(document));
    return false;
  });
  return scenarios;
}

std::vector<std::string> unique_scenario_names(std::span<const ScenarioConfig> scenarios) {
  std::map<std::string, std::vector<std::size_t>> of_name;
  for (std::size_t i = 0; i < scenarios.size(); ++i) of_name[scenario_name(scenarios[i])].push_back(i);
  std::vector<std::string> unique(scenarios.size());
  for (const auto& [name, places] : of_name) {
    const Json first = to_json(scenarios[places.front()]);
    std::vector<std::string> differing;
    for (const auto& [field, value] : first.items()) {
      const bool same = std::ranges::all_of(places, [&, &field = field, &value = value](std::size_t place) {
        return to_json(scenarios[place])[field] == value;
      });
      if (!same) differing.push_back(field);
    }
    for (const std::size_t place : places) {
      const Json document = to_json(scenarios[place]);
      unique[place] = name;
      for (const std::string& field : differing) {
        unique[place] += fmt::format("_{}_{}", field, plain_text(document[field]));
      }
    }
  }
  return unique;
}

std::string scenario_description(const ScenarioConfig& config) {
  std::string text = config.variant + " mode";
  if (config.compile_mode) text += fmt::format(" ({})", *config.compile_mode);
  text += fmt::format(", {} attention", config.attn_implementation);
  if (config.sdpa_backend) text += fmt::format(" ({})", *config.sdpa_backend);
  text += fmt::format(", {} on {}, batch {}", config.dtype, config.device, config.batch_size);
  text += config.sequence_length ? fmt::format(", prompt of {} tokens", *config.sequence_length)
                                 : std::string(", prompt at its own length");
  if (config.num_tokens_to_generate == 0) return text + ", encoded";
  return text + fmt::format(", {} new tokens", config.num_tokens_to_generate);
}

}  // namespace bv2
