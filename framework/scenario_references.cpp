// The references of a run's scenarios.
#include "framework/scenario_references.h"

#include <algorithm>
#include <map>

#include "framework/gate.h"
#include "framework/worker/messages.h"

namespace bv2 {
namespace {

/// Prefill, the change to decode, and decode: enough for a mistake in either to show, and few enough to cost
/// little.
constexpr std::int64_t compared_tokens = 8;

class ReferenceMaker {
 public:
  explicit ReferenceMaker(const ReferenceSetting& setting) : setting_(setting), program_(program_digest()) {}

  ScenarioReference reference_of(const PlannedBenchmark& benchmark, const ScenarioConfig& config) {
    if (std::ranges::find(benchmark.info.variants, "eager") == benchmark.info.variants.end()) {
      return {.file = {}, .reason = "the benchmark has no eager variant to compare with"};
    }
    try {
      const ReferenceQuestion question = question_of(benchmark, config);
      const std::filesystem::path file = setting_.store.file_of(question);
      const auto [known, is_new] = made_.try_emplace(file);
      if (is_new)
        known->second = make_or_say_why(benchmark, reference_config(config), question.new_tokens, file);
      return known->second;
    } catch (const Error& error) {
      return {.file = {}, .reason = error.what()};
    }
  }

 private:
  ReferenceQuestion question_of(const PlannedBenchmark& benchmark, const ScenarioConfig& config) {
    return {.program = program_,
            .model = benchmark.info.name + " " + model_of(benchmark, config),
            .prompt = setting_.prompt,
            .sequence_length = config.sequence_length,
            .batch_size = config.batch_size,
            .seed = config.seed,
            .new_tokens = std::min(compared_tokens, config.num_tokens_to_generate)};
  }

  /// The content of a checkpoint folder. The benchmark's own shapes have their names alone, which the
  /// program's digest covers.
  [[nodiscard]] std::string model_of(const PlannedBenchmark& benchmark, const ScenarioConfig& config) const {
    if (!benchmark.location) return config.model_id;
    const auto found = setting_.weights_hashes.find(benchmark.model_id);
    if (found == setting_.weights_hashes.end()) fail("the checkpoint cannot be read");
    return found->second;
  }

  /// What fails once is not tried again for the other scenarios.
  ScenarioReference make_or_say_why(const PlannedBenchmark& benchmark, const ScenarioConfig& config,
                                    std::int64_t new_tokens, const std::filesystem::path& file) {
    ScenarioReference reference;
    try {
      reference = make(benchmark, config, new_tokens, file);
    } catch (const Error& error) {
      reference.reason = fmt::format("the reference could not be computed: {}", error.what());
    }
    if (reference.file.empty()) {
      setting_.observer.problem(fmt::format("{} is timed without being held against {}: {}", benchmark.name,
                                            gate_reference, reference.reason));
    }
    return reference;
  }

  ScenarioReference make(const PlannedBenchmark& benchmark, const ScenarioConfig& config,
                         std::int64_t new_tokens, const std::filesystem::path& file) {
    if (std::filesystem::exists(file)) return {.file = file, .reason = {}};
    const auto shortage = reference_memory_shortage(benchmark.benchmark->parameter_count(config),
                                                    setting_.available_memory_bytes());
    if (shortage) return {.file = {}, .reason = *shortage};
    setting_.interrupt.throw_if_raised();
    setting_.observer.reference_started(benchmark.name);
    const std::unique_ptr<Worker> worker = setting_.new_worker();
    worker->ask(LoadRequest{.benchmark = benchmark.info.name, .config = config});
    worker->ask(MakePromptRequest{.prompt = setting_.prompt});
    worker->ask(PrepareRequest{});
    worker->ask(MakeReferenceRequest{.file = file.string(), .new_tokens = new_tokens});
    setting_.store.trim(most_reference_bytes);
    return {.file = file, .reason = {}};
  }

  const ReferenceSetting& setting_;
  std::string program_;
  std::map<std::filesystem::path, ScenarioReference> made_;
};

}  // namespace

std::vector<ScenarioReference> scenario_references(std::span<const PlannedBenchmark> plan,
                                                   const ReferenceSetting& setting) {
  ReferenceMaker maker(setting);
  std::vector<ScenarioReference> references;
  for (const PlannedBenchmark& benchmark : plan) {
    for (const PlannedScenario& scenario : benchmark.scenarios) {
      references.push_back(maker.reference_of(benchmark, config_to_open(benchmark, scenario.config)));
    }
  }
  return references;
}

}  // namespace bv2
