// What a run would do: which benchmarks, with which scenarios.
#include "framework/run_plan.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "framework/scenario_space.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using Benchmarks = std::span<const std::unique_ptr<ModelBenchmark>>;
using Chosen = std::vector<const ModelBenchmark*>;

constexpr int highest_level = 4;

std::string names_of(Benchmarks benchmarks) {
  std::vector<std::string> names;
  for (const auto& benchmark : benchmarks) names.push_back(benchmark->info().name);
  return fmt::format("{}", fmt::join(names, ", "));
}

bool contains_any(std::string_view name, std::span<const std::string> parts) {
  return std::ranges::any_of(
      parts, [&](const std::string& part) { return name.find(part) != std::string_view::npos; });
}

/// By part of the name.
Chosen included(Benchmarks benchmarks, const RunOptions& options) {
  for (const std::string& part : options.include) {
    const bool found = std::ranges::any_of(benchmarks, [&](const auto& benchmark) {
      return contains_any(benchmark->info().name, {&part, 1});
    });
    if (!found)
      fail<UsageError>("--include '{}' matches no benchmark (there are: {})", part, names_of(benchmarks));
  }
  Chosen chosen;
  for (const auto& benchmark : benchmarks) {
    const std::string name = benchmark->info().name;
    if (!options.include.empty() && !contains_any(name, options.include)) continue;
    if (!contains_any(name, options.exclude)) chosen.push_back(benchmark.get());
  }
  if (chosen.empty())
    fail<UsageError>("--include and --exclude leave no benchmark (there are: {})", names_of(benchmarks));
  return chosen;
}

/// model_type of FOLDER/config.json. Throws UsageError where that cannot be had.
std::string model_type_of(const std::string& model_id) {
  const fs::path folder = model_id;
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    fail<UsageError>(
        "--model-id '{}' is not a checkpoint folder (give a folder with config.json and *.safetensors)",
        model_id);
  }
  if (!fs::exists(folder / "config.json", error))
    fail<UsageError>("--model-id '{}' has no config.json", model_id);
  const Json config = read_json(folder / "config.json");
  const auto type = config.is_object() ? config.find("model_type") : config.end();
  if (!config.is_object() || type == config.end() || !type->is_string()) {
    fail<UsageError>("'{}' has no \"model_type\"", (folder / "config.json").string());
  }
  return type->get<std::string>();
}

/// The benchmarks that can take that checkpoint.
Chosen taking(const Chosen& chosen, const std::string& model_id) {
  const std::string wanted = model_type_of(model_id);
  Chosen taking;
  std::set<std::string> supported;
  for (const ModelBenchmark* benchmark : chosen) {
    const std::vector<std::string> types = benchmark->info().model_types;
    supported.insert(types.begin(), types.end());
    if (std::ranges::find(types, wanted) != types.end()) taking.push_back(benchmark);
  }
  if (taking.empty()) {
    fail<UsageError>("the model_type '{}' of '{}' is not supported (supported: {})", wanted, model_id,
                     fmt::join(supported, ", "));
  }
  return taking;
}

std::string last_part(std::string model_id) {
  while (model_id.size() > 1 && model_id.ends_with('/')) model_id.pop_back();
  const std::string name = fs::path(model_id).filename().string();
  return name == "." || name == ".." || name.empty() ? fs::weakly_canonical(model_id).filename().string()
                                                     : name;
}

void check_options(const RunOptions& options) {
  if (options.level < 0 || options.level > highest_level) {
    fail<UsageError>("--level {} does not exist (choose 0 to {})", options.level, highest_level);
  }
  const int prompts =
      (options.prompt ? 1 : 0) + (options.prompt_file ? 1 : 0) + (options.prompt_ids.empty() ? 0 : 1);
  if (prompts > 1)
    fail<UsageError>("--prompt, --prompt-file and --prompt-ids exclude each other: give one of them");
}

/// Names that tell the scenarios of one benchmark apart: sizes are added where the mode alone does not.
std::vector<PlannedScenario> named(const std::vector<ScenarioConfig>& configs) {
  std::map<std::string, int> uses;
  for (const ScenarioConfig& config : configs) ++uses[scenario_name(config)];
  std::vector<PlannedScenario> scenarios;
  std::set<std::string> taken;
  for (const ScenarioConfig& config : configs) {
    std::string name = scenario_name(config);
    if (uses[name] > 1) {
      name += fmt::format("_{}_b{}_s{}_n{}", config.dtype, config.batch_size,
                          config.sequence_length ? fmt::format("{}", *config.sequence_length) : "default",
                          config.num_tokens_to_generate);
    }
    std::string unique = name;
    for (int number = 2; !taken.insert(unique).second; ++number) unique = fmt::format("{}_{}", name, number);
    scenarios.push_back({.name = unique, .description = describe(config), .config = config});
  }
  return scenarios;
}

void remove_duplicates(std::vector<ScenarioConfig>& configs) {
  std::set<std::string> seen;
  std::erase_if(configs,
                [&](const ScenarioConfig& config) { return !seen.insert(to_json(config).dump()).second; });
}

PlannedBenchmark planned(const ModelBenchmark& benchmark, const std::string& model_id,
                         std::vector<ScenarioConfig> configs) {
  remove_duplicates(configs);
  PlannedBenchmark plan{.benchmark = &benchmark,
                        .info = benchmark.info(),
                        .name = {},
                        .model_id = {},
                        .model_name = {},
                        .scenarios = named(configs)};
  plan.name = plan.info.name;
  plan.model_id = model_id.empty() ? plan.info.default_model : model_id;
  plan.model_name = last_part(plan.model_id);
  return plan;
}

/// What the filters keep of the level; of the next level that has it, where a filter names what the level
/// itself leaves out.
std::vector<ScenarioConfig> scenarios_to_keep(const ModelBenchmark& benchmark, const RunOptions& options) {
  for (int level = options.level; level < highest_level; ++level) {
    std::vector<ScenarioConfig> kept = kept_scenarios(benchmark.scenarios(level), options);
    if (!kept.empty()) return kept;
  }
  return kept_scenarios(benchmark.scenarios(highest_level), options);
}

std::vector<PlannedBenchmark> plan_levels(Benchmarks benchmarks, const RunOptions& options) {
  Chosen chosen = included(benchmarks, options);
  if (!options.model_id.empty()) chosen = taking(chosen, options.model_id);
  std::vector<PlannedBenchmark> plan;
  for (const ModelBenchmark* benchmark : chosen) {
    const auto configs = expanded_scenarios(scenarios_to_keep(*benchmark, options), options);
    for (const ScenarioConfig& config : configs) check_scenario(config, "the command line");
    if (!configs.empty()) plan.push_back(planned(*benchmark, options.model_id, configs));
  }
  if (plan.empty()) {
    fail<UsageError>(
        "no scenario is left: the benchmarks have none that --variant, --attn-implementation, --sdpa-backend "
        "and "
        "--compile-mode keep");
  }
  return plan;
}

/// The file's scenarios, grouped by their model.
std::vector<PlannedBenchmark> plan_file(Benchmarks benchmarks, const RunOptions& options) {
  const Chosen chosen = included(benchmarks, options);
  std::map<std::string, std::vector<ScenarioConfig>> by_model;
  for (const ScenarioConfig& config : kept_scenarios(read_scenarios(*options.config_file), options)) {
    by_model[config.model_id].push_back(config);
  }
  std::vector<PlannedBenchmark> plan;
  for (const auto& [model_id, configs] : by_model) {
    for (const ModelBenchmark* benchmark : model_id.empty() ? chosen : taking(chosen, model_id)) {
      PlannedBenchmark entry = planned(*benchmark, model_id, configs);
      if (by_model.size() > 1) entry.name += ":" + entry.model_name;
      plan.push_back(std::move(entry));
    }
  }
  if (plan.empty()) fail<UsageError>("no scenario of '{}' is left", options.config_file->string());
  return plan;
}

}  // namespace

std::vector<PlannedBenchmark> plan_run(Benchmarks benchmarks, const RunOptions& options) {
  check_options(options);
  if (benchmarks.empty())
    fail<UsageError>("no benchmark was found: give a folder of modules with --benches-dir");
  return options.config_file ? plan_file(benchmarks, options) : plan_levels(benchmarks, options);
}

std::int64_t iteration_count(std::span<const PlannedBenchmark> plan) {
  std::int64_t count = 0;
  for (const PlannedBenchmark& benchmark : plan) {
    for (const PlannedScenario& scenario : benchmark.scenarios) {
      count += scenario.config.warmup_iterations + scenario.config.measurement_iterations;
    }
  }
  return count;
}

}  // namespace bv2
