// Llama and the families that differ from it by data alone: their weights by name, and their forward.
#include "engine/models/llama.h"

#include <fmt/format.h>

#include "engine/models/positions.h"

namespace bv2::engine {

Llama::Llama(const ModelConfig& config, WeightSource& weights, Dtype dtype)
    : Decoder(config, dtype),
      rope_(make_rope_table(config.rope, config.head_dim, config.max_position_embeddings)) {
  ParameterReader read(weights, dtype);
  read_vocabulary(read, "model.embed_tokens.weight", "lm_head");
  for (std::size_t index = 0; index < config.layers.size(); ++index) {
    const std::string prefix = fmt::format("model.layers.{}.", index);
    layers_.push_back({
        .attention_norm = read.norm(prefix + "input_layernorm.weight", config.hidden_size),
        .attention = read_self_attention(read, config, index, prefix),
        .rotary = config.layers[index].rotary,
        .mlp_norm = read.norm(prefix + "post_attention_layernorm.weight", config.hidden_size),
        .mlp = {},
        .experts = {},
    });
    if (config.layers[index].experts)
      layers_.back().experts = read_experts(read, config, prefix);
    else
      layers_.back().mlp = read_gated_mlp(read, config, prefix + "mlp.");
  }
  norm_ = read.norm("model.norm.weight", config.hidden_size);
  weight_bytes_ = read.bytes_read();
}

void Llama::visit_matrices(const std::function<void(Tensor&)>& visit) {
  for (Layer& layer : layers_) {
    layer.attention.visit_matrices(visit);
    visit_mlp(layer.mlp, visit);
    visit_experts(layer.experts, visit);
  }
  visit_vocabulary(visit);
}

Tensor Llama::forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const {
  const std::int64_t tokens = ids.size(1);
  check_fits(cache, tokens);
  const CosSin positions = next_cos_sin(context, rope_, cache, tokens, dtype_);
  cache.length += tokens;
  const RmsNorm norm = rms_norm_of(config_);
  Tensor hidden = context.apply(Embedding{}, ids, embedding_);  // [batch, tokens, hidden]
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const Layer& layer = layers_[index];
    Tensor x = context.apply(norm, hidden, layer.attention_norm);
    x = layer.attention.heads(context, x, cache, index, layer.rotary ? positions : CosSin());
    hidden = context.apply(LinearResidual{}, x, layer.attention.output, hidden);

    x = context.apply(norm, hidden, layer.mlp_norm);
    hidden = mlp(context, layer, x, hidden);
  }
  return output(context, context.apply(norm, wanted(context, hidden, which), norm_), which);
}

Tensor Llama::mlp(Context& context, const Layer& layer, const Tensor& x, const Tensor& hidden) const {
  if (layer.experts.router.defined()) {
    const ExpertMixture mixture{.chosen = config_.num_experts_per_token,
                                .normalize = config_.normalize_expert_weights,
                                .activation = config_.activation};
    return context.apply(mixture, x, layer.experts, hidden);
  }
  const Tensor gated = context.apply(GatedProjection{config_.activation}, x, layer.mlp.gate, layer.mlp.up);
  return context.apply(LinearResidual{}, gated, layer.mlp.down, hidden);
}

}  // namespace bv2::engine
