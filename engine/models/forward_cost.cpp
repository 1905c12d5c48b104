// What a forward has to read and to compute at least.
#include "engine/models/forward_cost.h"

#include <algorithm>
#include <set>

namespace bv2::engine {
namespace {

bool of_experts(const TakenWeight& weight) {
  return weight.name.find("experts.") != std::string::npos || weight.shape.rank() == 3;
}

/// Rows of logits: [vocabulary, hidden].
bool of_head(const TakenWeight& weight, const ModelConfig& config) {
  return weight.shape.rank() == 2 && weight.shape[0] == config.vocab_size;
}

std::vector<AttentionCost> attention_cost(const ModelConfig& config, Dtype dtype) {
  // An encoder has no cache.
  const std::int64_t cache_bytes = (config.causal ? 2 : 0) * config.num_key_value_heads * config.head_dim *
                                   static_cast<std::int64_t>(size_bytes(dtype));
  const std::int64_t operations = 4 * config.num_attention_heads * config.head_dim;
  std::vector<AttentionCost> costs;
  for (const LayerConfig& layer : config.layers) {
    auto same = std::ranges::find(costs, layer.sliding_window, &AttentionCost::window);
    if (same == costs.end()) same = costs.insert(costs.end(), AttentionCost{.window = layer.sliding_window});
    same->cache_bytes_per_position += cache_bytes;
    same->operations_per_position += operations;
  }
  return costs;
}

}  // namespace

ForwardCost forward_cost(const ModelConfig& config, Dtype dtype, const std::vector<TakenWeight>& taken) {
  ForwardCost cost;
  cost.causal = config.causal;
  cost.attention = attention_cost(config, dtype);
  std::set<std::string_view> counted;
  std::int64_t all_experts_elements = 0;
  std::int64_t tied_elements = 0;
  const auto element_bytes = static_cast<std::int64_t>(size_bytes(dtype));
  for (const TakenWeight& weight : taken) {
    if (!counted.insert(weight.name).second) continue;
    const std::int64_t count = weight.shape.product();
    if (weight.kind == WeightKind::embedding) {
      if (config.causal && config.tie_word_embeddings && of_head(weight, config)) tied_elements = count;
      continue;
    }
    if (weight.kind == WeightKind::matrix && of_experts(weight)) {
      all_experts_elements += count;
      continue;
    }
    cost.weight_bytes += count * element_bytes;
    if (weight.kind != WeightKind::matrix) continue;
    (of_head(weight, config) ? cost.head_operations : cost.operations_per_token) += 2 * count;
  }
  if (cost.head_operations == 0) {
    cost.weight_bytes += tied_elements * element_bytes;
    cost.head_operations = 2 * tied_elements;
  }
  if (all_experts_elements > 0 && config.num_experts > 0) {
    const std::int64_t expert_elements = all_experts_elements / config.num_experts;
    cost.experts = config.num_experts;
    cost.experts_per_token = config.num_experts_per_token;
    cost.expert_bytes = expert_elements * element_bytes;
    cost.operations_per_token += 2 * expert_elements * config.num_experts_per_token;
  }
  return cost;
}

std::int64_t parameter_count(const std::vector<TakenWeight>& taken) {
  std::set<std::string_view> counted;
  std::int64_t count = 0;
  for (const TakenWeight& weight : taken) {
    if (counted.insert(weight.name).second) count += weight.shape.product();
  }
  return count;
}

}  // namespace bv2::engine
