// Causal self-attention over a cache of keys and values: what all decoders share. How families differ is
// data.
#pragma once

#include <functional>

#include "engine/models/parameters.h"
#include "engine/ops/rope_table.h"

namespace bv2::engine {

/// One layer's attention, up to the projection of its output, which each family joins to its residual.
struct SelfAttention {
  LinearWeights q;        ///< [heads * head_dim, hidden]
  LinearWeights k, v;     ///< [kv_heads * head_dim, hidden]
  LinearWeights output;   ///< [hidden, heads * head_dim]
  Tensor q_norm, k_norm;  ///< of each head [head_dim] or of all [heads * head_dim]; or undefined
  RmsNorm head_norm;      ///< how q_norm and k_norm are applied
  Attention attend;       ///< scale, window, softcap
  std::int64_t head_dim = 0;

  /// x [batch, tokens, hidden], the last of the tokens that the cache counts, after what it holds for this
  /// layer -> the heads' values [batch, tokens, heads * head_dim]. Undefined positions: nothing is rotated.
  [[nodiscard]] Tensor heads(Context& context, const Tensor& x, const KvCache& cache, std::size_t layer,
                             const CosSin& positions) const;

  void visit_matrices(const std::function<void(Tensor&)>& visit);
};

/// Attention of layer `index` with the parameters that Llama's names have: PREFIXself_attn.q_proj.weight ...
/// k_norm.weight.
SelfAttention read_self_attention(ParameterReader& read, const ModelConfig& config, std::size_t index,
                                  const std::string& prefix);
/// The same but for its parameters: sizes, scale, window and softcap.
SelfAttention attention_of(const ModelConfig& config, std::size_t index);

}  // namespace bv2::engine
