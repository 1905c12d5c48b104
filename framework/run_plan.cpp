// What a run would do.
#include "framework/run_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "framework/prompt.h"
#include "framework/scenario_space.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// A benchmark that --include and --exclude left.
struct Candidate {
  const ModelBenchmark* benchmark;
  BenchmarkInfo info;
};

bool contains_any(std::string_view name, std::span<const std::string> parts) {
  return std::ranges::any_of(
      parts, [&](const std::string& part) { return name.find(part) != std::string_view::npos; });
}

std::vector<Candidate> select_benchmarks(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks,
                                         const RunOptions& options) {
  if (benchmarks.empty()) fail<UsageError>("no benchmarks were found: give their folder with --benches-dir");
  std::vector<std::string> names;
  std::vector<Candidate> selected;
  for (const auto& benchmark : benchmarks) {
    BenchmarkInfo info = benchmark->info();
    names.push_back(info.name);
    const bool included = options.include.empty() || contains_any(info.name, options.include);
    if (included && !contains_any(info.name, options.exclude)) {
      selected.push_back({benchmark.get(), std::move(info)});
    }
  }
  for (const std::string& part : options.include) {
    const bool found = std::ranges::any_of(
        names, [&](const std::string& name) { return name.find(part) != std::string::npos; });
    if (!found)
      fail<UsageError>("--include '{}' fits no benchmark; there are: {}", part, fmt::join(names, ", "));
  }
  if (selected.empty()) {
    fail<UsageError>("--exclude leaves no benchmark; there are: {}", fmt::join(names, ", "));
  }
  return selected;
}

std::string model_type_of(const fs::path& folder, const std::string& model_id) {
  const fs::path path = folder / "config.json";
  if (!fs::exists(path)) {
    fail<UsageError>("--model-id '{}' is not a checkpoint: it has no config.json", model_id);
  }
  try {
    const Json config = read_json(path);
    if (config.is_object() && config.contains("model_type") && config["model_type"].is_string()) {
      return config["model_type"].get<std::string>();
    }
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  fail<UsageError>("'{}' does not say its model_type", path.string());
}

/// A model id with where it is; none for the benchmarks' own shapes.
struct Model {
  std::string id;
  std::optional<ModelLocation> location;
};

Model find_model(const std::string& model_id, std::span<const Candidate> candidates,
                 const LocateModel& locate) {
  if (model_id.empty()) return {};
  const bool built_in = std::ranges::any_of(
      candidates, [&](const Candidate& candidate) { return candidate.info.small_model == model_id; });
  if (built_in) return {model_id, std::nullopt};
  return {model_id, locate(model_id, ModelPart::configuration)};
}

/// Those of the candidates that can take the model.
std::vector<Candidate> candidates_for(std::span<const Candidate> candidates, const Model& model) {
  if (!model.location) {
    std::vector<Candidate> fitting(candidates.begin(), candidates.end());
    if (!model.id.empty())
      std::erase_if(fitting, [&](const Candidate& one) { return one.info.small_model != model.id; });
    return fitting;
  }
  const std::string model_type = model_type_of(model.location->folder, model.id);
  std::vector<Candidate> fitting;
  std::set<std::string> supported;
  for (const Candidate& candidate : candidates) {
    const std::vector<std::string>& types = candidate.info.model_types;
    supported.insert(types.begin(), types.end());
    if (std::ranges::find(types, model_type) != types.end()) fitting.push_back(candidate);
  }
  if (!fitting.empty()) return fitting;
  fail<UsageError>("--model-id '{}' has the model_type '{}'; supported are: {}", model.id, model_type,
                   fmt::join(supported, ", "));
}

/// Of a folder that is there the name that it has, however it was given: ".".
std::string name_of_model(const std::string& model_id) {
  std::error_code error;
  if (!fs::is_directory(model_id, error)) return model_name_of(model_id);
  return model_name_of(fs::weakly_canonical(model_id, error).string());
}

/// An encoder generates nothing, whatever the options say for the decoders beside it.
void settle_new_tokens(const BenchmarkInfo& info, ScenarioConfig& config) {
  if (info.kind == ModelKind::encoder) config.num_tokens_to_generate = 0;
  if (info.kind == ModelKind::decoder && config.num_tokens_to_generate == 0) {
    fail<UsageError>("num_tokens_to_generate 0 is for encoders, '{}' measures decoders: give at least 1",
                     info.name);
  }
}

PlannedBenchmark planned(const Candidate& candidate, const Model& model,
                         std::vector<ScenarioConfig> configs) {
  PlannedBenchmark result;
  result.benchmark = candidate.benchmark;
  result.info = candidate.info;
  result.name = candidate.info.name;
  result.model_id = model.id.empty() ? candidate.info.default_model : model.id;
  result.model_name = name_of_model(result.model_id);
  for (ScenarioConfig& config : configs) settle_new_tokens(candidate.info, config);
  result.location = model.location;
  configs = without_duplicates(std::move(configs));
  const std::vector<std::string> names = unique_scenario_names(configs);
  for (std::size_t i = 0; i < configs.size(); ++i) {
    result.scenarios.push_back({names[i], scenario_description(configs[i]), std::move(configs[i])});
  }
  return result;
}

std::vector<ScenarioConfig> level_scenarios(const Candidate& candidate, const RunOptions& options,
                                            int level) {
  const std::vector<ScenarioConfig> offered = candidate.benchmark->scenarios(level);
  return filter_scenarios(offered, options);
}

[[noreturn]] void refuse_filters(std::span<const Candidate> candidates, const RunOptions& options) {
  for (int level = options.level + 1; level <= highest_level; ++level) {
    for (const Candidate& candidate : candidates) {
      if (level_scenarios(candidate, options, level).empty()) continue;
      fail<UsageError>(
          "--variant, --attn-implementation, --sdpa-backend and --compile-mode leave no scenario "
          "of level {}: --level {} has some",
          options.level, level);
    }
  }
  std::set<std::string> variants;
  std::set<std::string> compile_modes;
  for (const Candidate& candidate : candidates) {
    variants.insert(candidate.info.variants.begin(), candidate.info.variants.end());
    compile_modes.insert(candidate.info.compile_modes.begin(), candidate.info.compile_modes.end());
  }
  fail<UsageError>(
      "--variant, --attn-implementation, --sdpa-backend and --compile-mode leave no scenario; "
      "the variants that work are: {}{}{}",
      fmt::join(variants, ", "),
      compile_modes.empty() ? "" : ", the compile modes: ", fmt::join(compile_modes, ", "));
}

std::vector<PlannedBenchmark> plan_level(std::span<const Candidate> selected, const RunOptions& options,
                                         const LocateModel& locate) {
  const Model model = find_model(options.model_id, selected, locate);
  const std::vector<Candidate> candidates = candidates_for(selected, model);
  std::vector<PlannedBenchmark> plan;
  for (const Candidate& candidate : candidates) {
    std::vector<ScenarioConfig> configs =
        expand_sizes(level_scenarios(candidate, options, options.level), options);
    if (configs.empty()) continue;
    // A look at whether everything works is not worth the time that the published shapes take.
    const bool small = options.level == 0 && model.id.empty() && !candidate.info.small_model.empty();
    const Model measured = small ? Model{candidate.info.small_model, std::nullopt} : model;
    for (ScenarioConfig& config : configs) config.model_id = measured.id;
    plan.push_back(planned(candidate, measured, std::move(configs)));
  }
  if (plan.empty()) refuse_filters(candidates, options);
  return plan;
}

bool offers(const Candidate& candidate, const ScenarioConfig& config) {
  return std::ranges::find(candidate.info.variants, config.variant) != candidate.info.variants.end();
}

/// The scenarios of a file, for every benchmark that can do them, by model.
std::vector<PlannedBenchmark> plan_file(std::span<const Candidate> selected, const RunOptions& options,
                                        const LocateModel& locate) {
  std::vector<ScenarioConfig> configs = filter_scenarios(read_config_file(*options.config_file), options);
  if (configs.empty())
    fail<UsageError>("the filters leave no scenario of '{}'", options.config_file->string());
  std::vector<std::string> model_ids;
  for (ScenarioConfig& config : configs) {
    if (config.model_id.empty()) config.model_id = options.model_id;
    if (std::ranges::find(model_ids, config.model_id) == model_ids.end())
      model_ids.push_back(config.model_id);
  }
  std::vector<PlannedBenchmark> plan;
  for (const std::string& model_id : model_ids) {
    const Model model = find_model(model_id, selected, locate);
    for (const Candidate& candidate : candidates_for(selected, model)) {
      std::vector<ScenarioConfig> taken;
      std::ranges::copy_if(configs, std::back_inserter(taken), [&](const ScenarioConfig& config) {
        return config.model_id == model_id && offers(candidate, config);
      });
      if (!taken.empty()) plan.push_back(planned(candidate, model, std::move(taken)));
    }
  }
  for (const ScenarioConfig& config : configs) {
    if (std::ranges::any_of(selected, [&](const Candidate& c) { return offers(c, config); })) continue;
    fail<UsageError>("'{}': no benchmark has the variant '{}'", options.config_file->string(),
                     config.variant);
  }
  return plan;
}

/// No prompt is left out without a word.
void check_batches_take(std::int64_t prompts, std::span<const PlannedBenchmark> plan) {
  for (const PlannedBenchmark& benchmark : plan) {
    for (const PlannedScenario& scenario : benchmark.scenarios) {
      if (prompts < 2 || scenario.config.batch_size % prompts == 0) continue;
      fail<UsageError>(
          "--batch-size {} does not take the {} prompts of --prompt-file alike: give a multiple of {}, or "
          "leave it "
          "out",
          scenario.config.batch_size, prompts, prompts);
    }
  }
}

/// A benchmark that is there with several models is told apart by them.
void name_apart(std::vector<PlannedBenchmark>& plan) {
  for (PlannedBenchmark& one : plan) {
    const auto same = std::ranges::count(plan, one.benchmark, &PlannedBenchmark::benchmark);
    if (same > 1) one.name = fmt::format("{} ({})", one.info.name, one.model_id);
  }
}

}  // namespace

std::vector<PlannedBenchmark> plan_run(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks,
                                       const RunOptions& options, const LocateModel& locate) {
  validate_options(options);
  const std::vector<Candidate> selected = select_benchmarks(benchmarks, options);
  const auto prompts = static_cast<std::int64_t>(prompt_request(options).texts.size());
  RunOptions settled = options;
  if (settled.batch_sizes.empty()) settled.batch_sizes = {std::max<std::int64_t>(prompts, 1)};
  std::vector<PlannedBenchmark> plan =
      options.config_file ? plan_file(selected, settled, locate) : plan_level(selected, settled, locate);
  check_batches_take(prompts, plan);
  name_apart(plan);
  return plan;
}

void locate_models(std::span<PlannedBenchmark> plan, const LocateModel& locate) {
  std::map<std::string, ModelLocation> located;
  for (PlannedBenchmark& benchmark : plan) {
    if (!benchmark.location) continue;
    const auto [entry, is_new] = located.try_emplace(benchmark.model_id);
    if (is_new) entry->second = locate(benchmark.model_id, ModelPart::everything);
    benchmark.location = entry->second;
  }
}

ScenarioConfig config_to_open(const PlannedBenchmark& benchmark, const ScenarioConfig& config) {
  ScenarioConfig opened = config;
  if (benchmark.location) opened.model_id = benchmark.location->folder.string();
  return opened;
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
