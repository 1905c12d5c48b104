// Gemma 2 and 3 and OLMo 2: their weights by name, and their forward.
#include "engine/models/post_norm.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/models/positions.h"

namespace bv2::engine {

PostNorm::PostNorm(const ModelConfig& config, WeightSource& weights, Dtype dtype) : Decoder(config, dtype) {
  ropes_.push_back(make_rope_table(config.rope, config.head_dim, config.max_position_embeddings));
  if (std::ranges::any_of(config.layers, &LayerConfig::local_rope))
    ropes_.push_back(make_rope_table(config.local_rope, config.head_dim, config.max_position_embeddings));
  ParameterReader read(weights, dtype, config_.norm_weight_offset);
  read_vocabulary(read, "model.embed_tokens.weight", "lm_head");
  for (std::size_t index = 0; index < config.layers.size(); ++index) {
    const std::string prefix = fmt::format("model.layers.{}.", index);
    const auto norm = [&](std::string_view name) {
      return read.norm(fmt::format("{}{}.weight", prefix, name), config.hidden_size);
    };
    const auto input_norm = [&](std::string_view name) { return config.input_norms ? norm(name) : Tensor(); };
    layers_.push_back({
        .attention_norm = input_norm("input_layernorm"),
        .attention = read_self_attention(read, config, index, prefix),
        .rope = config.layers[index].local_rope ? 1U : 0U,
        .attention_output_norm = norm("post_attention_layernorm"),
        .mlp_norm = input_norm("pre_feedforward_layernorm"),
        .mlp = read_gated_mlp(read, config, prefix + "mlp."),
        .mlp_output_norm = norm("post_feedforward_layernorm"),
    });
  }
  norm_ = read.norm("model.norm.weight", config.hidden_size);
  weight_bytes_ = read.bytes_read();
}

void PostNorm::visit_matrices(const std::function<void(Tensor&)>& visit) {
  for (Layer& layer : layers_) {
    layer.attention.visit_matrices(visit);
    visit_mlp(layer.mlp, visit);
  }
  visit_vocabulary(visit);
}

Tensor PostNorm::forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const {
  const std::int64_t tokens = ids.size(1);
  check_fits(cache, tokens);
  std::vector<CosSin> positions;
  for (const RopeTable& rope : ropes_)
    positions.push_back(next_cos_sin(context, rope, cache, tokens, dtype_));
  cache.length += tokens;
  const RmsNorm norm = rms_norm_of(config_);
  const auto normed = [&](const Tensor& x, const Tensor& weight) {
    return weight.defined() ? context.apply(norm, x, weight) : x;
  };
  Tensor hidden =
      context.apply(Embedding{config_.embedding_scale}, ids, embedding_);  // [batch, tokens, hidden]
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const Layer& layer = layers_[index];
    Tensor x = normed(hidden, layer.attention_norm);
    x = layer.attention.heads(context, x, cache, index, positions[layer.rope]);
    x = context.apply(Linear{}, x, layer.attention.output.weight, layer.attention.output.bias);
    hidden = context.apply(NormResidual{norm}, x, layer.attention_output_norm, hidden);

    x = normed(hidden, layer.mlp_norm);
    x = context.apply(GatedProjection{config_.activation}, x, layer.mlp.gate, layer.mlp.up);
    x = context.apply(Linear{}, x, layer.mlp.down.weight, layer.mlp.down.bias);
    hidden = context.apply(NormResidual{norm}, x, layer.mlp_output_norm, hidden);
  }
  return output(context, normed(wanted(context, hidden, which), norm_), which);
}

}  // namespace bv2::engine
