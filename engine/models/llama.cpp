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
        .mlp = read_gated_mlp(read, config, prefix + "mlp."),
    });
  }
  norm_ = read.norm("model.norm.weight", config.hidden_size);
  weight_bytes_ = read.bytes_read();
}

void Llama::visit_matrices(const std::function<void(Tensor&)>& visit) {
  for (Layer& layer : layers_) {
    layer.attention.visit_matrices(visit);
    layer.mlp.visit_matrices(visit);
  }
  visit_vocabulary(visit);
}

Tensor Llama::forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const {
  const std::int64_t tokens = ids.size(1);
  check_fits(cache, tokens);
  const CosSin positions = next_cos_sin(context, rope_, cache, tokens, dtype_);
  cache.length += tokens;
  const RmsNorm norm{config_.norm_epsilon};
  Tensor hidden = context.apply(Embedding{}, ids, embedding_);  // [batch, tokens, hidden]
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const Layer& layer = layers_[index];
    Tensor x = context.apply(norm, hidden, layer.attention_norm);
    x = layer.attention.heads(context, x, cache, index, layer.rotary ? positions : CosSin());
    hidden = context.apply(LinearResidual{}, x, layer.attention.output, hidden);

    x = context.apply(norm, hidden, layer.mlp_norm);
    x = context.apply(GatedProjection{config_.activation}, x, layer.mlp.gate, layer.mlp.up);
    hidden = context.apply(LinearResidual{}, x, layer.mlp.down, hidden);
  }
  hidden = context.apply(norm, wanted(context, hidden, which), norm_);
  return context.apply(Linear{}, hidden, head_, Tensor());
}

}  // namespace bv2::engine
