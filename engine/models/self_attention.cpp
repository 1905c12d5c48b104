// Causal self-attention over a cache of keys and values: what all decoders share.
#include "engine/models/self_attention.h"

#include "engine/ops/basic.h"

namespace bv2::engine {
namespace {

/// RMSNorm of x [batch, heads, tokens, head_dim]: of each head, or of all heads of a token together where the
/// weight has their length. A token's heads lie side by side in memory, as the projection wrote them.
Tensor normed_heads(Context& context, const RmsNorm& norm, const Tensor& x, const Tensor& weight) {
  const Tensor by_token = transpose(context, x, 1, 2);
  if (weight.size(0) == x.size(3)) return transpose(context, context.apply(norm, by_token, weight), 1, 2);
  const Tensor joined = reshape(context, by_token, {x.size(0), x.size(2), x.size(1) * x.size(3)});
  const Tensor normed = reshape(context, context.apply(norm, joined, weight), by_token.shape());
  return transpose(context, normed, 1, 2);
}

}  // namespace

Tensor SelfAttention::heads(Context& context, const Tensor& x, const KvCache& cache, std::size_t layer,
                            const CosSin& positions) const {
  const KvCache::Layer& cached = cache.layers[layer];
  const std::int64_t past = cache.length - x.size(1);
  Qkv qkv = context.apply(QkvProjection{head_dim}, x, q, k, v);
  if (q_norm.defined()) {
    qkv.q = normed_heads(context, head_norm, qkv.q, q_norm);
    qkv.k = normed_heads(context, head_norm, qkv.k, k_norm);
  }
  const Tensor rotated = context.apply(RotaryAppend{}, qkv, positions.cos, positions.sin,
                                       slice(context, cached.keys, 2, past, cache.length),
                                       slice(context, cached.values, 2, past, cache.length));
  const Tensor mixed = context.apply(attend, rotated, slice(context, cached.keys, 2, 0, cache.length),
                                     slice(context, cached.values, 2, 0, cache.length), cache.padding);
  return merge_heads(context, mixed);
}

void SelfAttention::visit_matrices(const std::function<void(Tensor&)>& visit) {
  visit_linears({&q, &k, &v, &output}, visit);
}

SelfAttention attention_of(const ModelConfig& config, std::size_t index) {
  SelfAttention attention;
  attention.head_norm = rms_norm_of(config);
  attention.attend = {.scale = config.attention_scale,
                      .window = config.layers[index].sliding_window,
                      .softcap = config.attention_softcap};
  attention.head_dim = config.head_dim;
  return attention;
}

SelfAttention read_self_attention(ParameterReader& read, const ModelConfig& config, std::size_t index,
                                  const std::string& prefix) {
  const std::int64_t hidden = config.hidden_size;
  const std::int64_t q_size = config.num_attention_heads * config.head_dim;
  const std::int64_t kv_size = config.num_key_value_heads * config.head_dim;
  SelfAttention attention = attention_of(config, index);
  const bool bias = config.attention_bias;
  if (config.fused_projections) {
    std::vector<LinearWeights> parts =
        read.joined_linears(prefix + "self_attn.qkv_proj", {q_size, kv_size, kv_size}, hidden, bias);
    attention.q = parts[0];
    attention.k = parts[1];
    attention.v = parts[2];
  } else {
    attention.q = read.linear(prefix + "self_attn.q_proj", q_size, hidden, bias);
    attention.k = read.linear(prefix + "self_attn.k_proj", kv_size, hidden, bias);
    attention.v = read.linear(prefix + "self_attn.v_proj", kv_size, hidden, bias);
  }
  attention.output = read.linear(prefix + "self_attn.o_proj", hidden, q_size, config.attention_output_bias);
  if (config.query_key_norm != QueryKeyNorm::none) {
    const bool all = config.query_key_norm == QueryKeyNorm::all_heads;
    attention.q_norm = read.norm(prefix + "self_attn.q_norm.weight", all ? q_size : config.head_dim);
    attention.k_norm = read.norm(prefix + "self_attn.k_norm.weight", all ? kv_size : config.head_dim);
  }
  return attention;
}

}  // namespace bv2::engine
