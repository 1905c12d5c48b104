// What a scenario physically measured.
#include "framework/physical_key.h"

#include <fmt/format.h>

#include "framework/model_location.h"

namespace bv2 {

PhysicalKey PhysicalKey::without_mode() const {
  PhysicalKey key = *this;
  key.variant.clear();
  key.compile_mode.reset();
  key.attn_implementation.clear();
  key.sdpa_backend.reset();
  return key;
}

std::string PhysicalKey::workload(const std::string& model_name) const {
  return fmt::format("{} {}, batch {}, {} + {} tokens, {} threads", model_name, dtype, batch_size,
                     prompt_tokens, new_tokens, threads);
}

PhysicalKey physical_key(const ScenarioResult& scenario) {
  const ScenarioMetadata& metadata = scenario.metadata;
  const ScenarioConfig& config = metadata.config;
  PhysicalKey key;
  const bool synthetic = metadata.model && metadata.model->synthetic_weights;
  key.weights =
      metadata.weights_hash.value_or(synthetic ? fmt::format("synthetic, seed {}", config.seed) : "unknown");
  // Checkpoints with the same weights are the same model wherever they lie.
  if (!metadata.weights_hash) key.model = model_name_of(metadata.model_id);
  key.variant = config.variant;
  key.compile_mode = config.compile_mode;
  key.attn_implementation = config.attn_implementation;
  key.sdpa_backend = config.sdpa_backend;
  key.dtype = config.dtype;
  key.device = config.device;
  key.use_cache = config.use_cache;
  const auto threads = metadata.effective.find("threads");
  const bool known = threads != metadata.effective.end() && threads->is_number_integer();
  key.threads = known ? threads->get<std::int64_t>() : config.threads;
  key.batch_size = config.batch_size;
  key.prompt_tokens = metadata.prompt ? metadata.prompt->tokens : config.sequence_length.value_or(0);
  key.new_tokens = config.num_tokens_to_generate;
  return key;
}

}  // namespace bv2
