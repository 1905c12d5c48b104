// Result documents made by rules.
#include "support/made_documents.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "framework/monitors/counter_names.h"
#include "framework/scenario_summary.h"

namespace bv2::test {
namespace {

using Random = std::mt19937_64;

Iteration made_iteration(const DocumentRecipe& recipe, const MadeMode& mode, std::int64_t round,
                         Random& random) {
  std::normal_distribution<double> draw;
  Iteration iteration;
  iteration.start_ns = round * 10'000'000'000;
  iteration.order = iteration.round = round;
  double at = static_cast<double>(iteration.start_ns);
  const std::int64_t stamps = std::max<std::int64_t>(recipe.new_tokens, 1);
  for (std::int64_t token = 0; token < stamps; ++token) {
    const double context = static_cast<double>(recipe.prompt_tokens + token);
    double seconds =
        token == 0 ? mode.first_token_seconds : mode.token_seconds + mode.per_context_seconds * context;
    // One stall, in a known place.
    if (round == 2 && token == 20) seconds *= 4;
    at += seconds * recipe.slowness * (1 + recipe.noise * draw(random)) * 1e9;
    iteration.token_ns.push_back(std::llround(at));
  }
  const std::int64_t took = iteration.token_ns.back() - iteration.start_ns;
  iteration.counters = {
      {"wall_time_ns", took}, {"cpu_time_ns", 2 * took}, {std::string(peak_memory_counter), 310'000'000}};
  return iteration;
}

PhaseRoofline made_roofline(double seconds, double percent) {
  PhaseRoofline phase;
  phase.bytes = 2.7e8;
  phase.bound = "memory";
  phase.seconds = seconds;
  phase.percent_of_limit = percent;
  phase.limit_seconds = seconds * percent / 100;
  return phase;
}

ScenarioMetadata made_metadata(const DocumentRecipe& recipe, const MadeMode& mode) {
  ScenarioMetadata metadata;
  metadata.timestamp = recipe.timestamp;
  metadata.commit_id = recipe.commit_id;
  metadata.branch_name = "main";
  metadata.model_id = "org/" + recipe.model_name;
  metadata.model = ModelFacts{.kind = recipe.new_tokens == 0 ? ModelKind::encoder : ModelKind::decoder,
                              .synthetic_weights = true,
                              .vocab_size = 49152,
                              .layers = 30,
                              .parameters = 134'515'008,
                              .weight_bytes = 269'030'016};
  metadata.prompt = PromptInfo{.source = PromptSource::seeded, .tokens = recipe.prompt_tokens, .text = {}};
  metadata.hardware_info.cpu_name = recipe.cpu_name;
  metadata.hardware_info.cpu_count = 2;
  metadata.hardware_info.memory_total = 24'000;
  metadata.hardware_info.governor = "performance";
  metadata.hardware_info.caches = {{"L1d", {32 << 10, 2}}, {"L2", {1 << 20, 2}}, {"L3", {32 << 20, 1}}};
  metadata.hardware_info.load_average = std::vector<double>{0.5, 0.4, 0.3};
  metadata.config.variant = mode.variant;
  metadata.config.batch_size = recipe.batch_size;
  metadata.config.num_tokens_to_generate = recipe.new_tokens;
  if (mode.variant == "compiled") metadata.config.compile_mode = "default";
  metadata.effective = {{"threads", 2}, {"isa", "avx512"}, {"kernels", {{"rms_norm", 61}, {"linear", 211}}}};
  return metadata;
}

}  // namespace

BenchmarkDocument made_document(const DocumentRecipe& recipe) {
  BenchmarkDocument document;
  document.benchmark = "llama";
  document.model_name = recipe.model_name;
  Random random(recipe.seed);
  for (const MadeMode& mode : recipe.modes) {
    ScenarioResult result;
    result.status = ScenarioStatus::success;
    result.metadata = made_metadata(recipe, mode);
    result.scenario_name = scenario_name(result.metadata.config);
    for (std::int64_t round = 0; round < recipe.iterations; ++round) {
      result.iterations.push_back(made_iteration(recipe, mode, round, random));
    }
    result.steady_state.resize(1);
    summarise_scenario(result);
    result.phases.load_seconds = 0.4;
    result.phases.peak_host_memory.load = 280'000'000;
    result.phases.peak_host_memory.prepare = 300'000'000;
    result.phases.peak_host_memory.generate = 310'000'000;
    result.verification.status = VerificationStatus::passed;
    result.verification.reference = "eager float32";
    Roofline roofline;
    roofline.prefill = made_roofline(mode.first_token_seconds, 70);
    if (recipe.new_tokens > 1) roofline.decode = made_roofline(mode.token_seconds, 60);
    result.roofline = roofline;
    document.benchmark_scenarios.push_back(std::move(result));
  }
  return document;
}

std::filesystem::path write_document(const std::filesystem::path& folder, const BenchmarkDocument& document,
                                     const std::string& name) {
  const std::filesystem::path path =
      folder / document.model_name / (document.model_name + "_benchmark_" + name + ".json");
  write_json(path, to_json(document));
  return path;
}

}  // namespace bv2::test
