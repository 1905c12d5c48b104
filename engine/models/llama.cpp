// Llama: its weights by name, and its forward.
#include "engine/models/llama.h"

#include <fmt/format.h>

#include "engine/models/parameters.h"
#include "engine/ops/basic.h"

namespace bv2::engine {

Llama::Llama(const ModelConfig& config, WeightSource& weights, Dtype dtype)
    : config_(config),
      dtype_(dtype),
      rope_(make_rope_table(config.rope, config.head_dim, config.max_position_embeddings)) {
  ParameterReader read(weights, dtype);
  const std::int64_t hidden = config.hidden_size;
  const std::int64_t q_size = config.num_attention_heads * config.head_dim;
  const std::int64_t kv_size = config.num_key_value_heads * config.head_dim;
  embedding_ = read.embedding("model.embed_tokens.weight", {config.vocab_size, hidden});
  for (std::int64_t index = 0; index < config.num_hidden_layers; ++index) {
    const std::string prefix = fmt::format("model.layers.{}.", index);
    const auto projection = [&](std::string_view name, std::int64_t out, std::int64_t in, bool bias) {
      return read.linear(prefix + std::string(name), out, in, bias);
    };
    layers_.push_back({
        .input_norm = read.norm(prefix + "input_layernorm.weight", hidden),
        .q = projection("self_attn.q_proj", q_size, hidden, config.attention_bias),
        .k = projection("self_attn.k_proj", kv_size, hidden, config.attention_bias),
        .v = projection("self_attn.v_proj", kv_size, hidden, config.attention_bias),
        .output = projection("self_attn.o_proj", hidden, q_size, config.attention_output_bias),
        .mlp_norm = read.norm(prefix + "post_attention_layernorm.weight", hidden),
        .gate = projection("mlp.gate_proj", config.intermediate_size, hidden, config.mlp_bias),
        .up = projection("mlp.up_proj", config.intermediate_size, hidden, config.mlp_bias),
        .down = projection("mlp.down_proj", hidden, config.intermediate_size, config.mlp_bias),
    });
  }
  norm_ = read.norm("model.norm.weight", hidden);
  head_ = config.tie_word_embeddings ? embedding_
                                     : read.linear("lm_head", config.vocab_size, hidden, false).weight;
  weight_bytes_ = read.bytes_read();
}

void Llama::visit_matrices(const std::function<void(Tensor&)>& visit) {
  for (Layer& layer : layers_) {
    for (LinearWeights* linear :
         {&layer.q, &layer.k, &layer.v, &layer.output, &layer.gate, &layer.up, &layer.down}) {
      visit(linear->weight);
    }
  }
  visit(head_);
  // A table that is not the head's is only looked up: it stays as it is.
  if (config_.tie_word_embeddings) visit(embedding_);
}

KvCache Llama::make_cache(std::int64_t batch, std::int64_t capacity) const {
  return allocate_cache(config_, dtype_, batch, capacity);
}

Tensor Llama::forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const {
  const std::int64_t tokens = ids.size(1);
  check_fits(cache, tokens);
  const CosSin positions = context.apply(RotaryAngles{&rope_, dtype_}, cache.length, tokens);
  cache.length += tokens;
  Tensor hidden = context.apply(Embedding{}, ids, embedding_);  // [batch, tokens, hidden]
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    hidden = attention(context, layers_[index], hidden, cache, index, positions);
    hidden = mlp(context, layers_[index], hidden);
  }
  if (which == LogitsOf::last_token) hidden = slice(context, hidden, 1, tokens - 1, tokens);
  hidden = context.apply(RmsNorm{config_.norm_epsilon}, hidden, norm_);
  return context.apply(Linear{}, hidden, head_, Tensor());
}

Tensor Llama::attention(Context& context, const Layer& layer, const Tensor& hidden, KvCache& cache,
                        std::size_t index, const CosSin& positions) const {
  const std::int64_t tokens = hidden.size(1);
  const std::int64_t past = cache.length - tokens;
  const KvCache::Layer& cached = cache.layers[index];
  const Tensor x = context.apply(RmsNorm{config_.norm_epsilon}, hidden, layer.input_norm);
  const Qkv qkv = context.apply(QkvProjection{config_.head_dim}, x, layer.q, layer.k, layer.v);
  const Tensor q = context.apply(RotaryAppend{}, qkv, positions.cos, positions.sin,
                                 slice(context, cached.keys, 2, past, cache.length),
                                 slice(context, cached.values, 2, past, cache.length));
  const Attention attend{.scale = config_.attention_scale, .window = config_.sliding_window};
  const Tensor mixed = context.apply(attend, q, slice(context, cached.keys, 2, 0, cache.length),
                                     slice(context, cached.values, 2, 0, cache.length), cache.padding);
  return context.apply(LinearResidual{}, merge_heads(context, mixed), layer.output, hidden);
}

Tensor Llama::mlp(Context& context, const Layer& layer, const Tensor& hidden) const {
  const Tensor x = context.apply(RmsNorm{config_.norm_epsilon}, hidden, layer.mlp_norm);
  const Tensor gated = context.apply(GatedProjection{config_.activation}, x, layer.gate, layer.up);
  return context.apply(LinearResidual{}, gated, layer.down, hidden);
}

}  // namespace bv2::engine
