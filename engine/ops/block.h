// Layer operations that join several smaller ones, so that one fused kernel can replace them as a whole. Each
// is defined by the smaller ones.
#pragma once

#include "engine/ops/layer.h"

namespace bv2::engine {

/// A linear layer's parameters: weight [out, in], bias [out] or undefined.
struct LinearWeights {
  Tensor weight;
  Tensor bias;
};
template <class Visit>
void visit_tensors(const LinearWeights& linear, const Visit& visit) {
  each_tensor(linear.weight, visit);
  each_tensor(linear.bias, visit);
}

/// A gated MLP's: down(activation(gate(x)) * up(x)).
struct GatedMlpWeights {
  LinearWeights gate, up;  ///< [intermediate, hidden]
  LinearWeights down;      ///< [hidden, intermediate]
};

/// Queries, keys and values of new tokens: [batch, heads or kv_heads, tokens, head_dim].
struct Qkv {
  Tensor q;
  Tensor k;
  Tensor v;
};
template <class Visit>
void visit_tensors(const Qkv& qkv, const Visit& visit) {
  for (const Tensor* tensor : {&qkv.q, &qkv.k, &qkv.v}) each_tensor(*tensor, visit);
}

/// The three projections of attention from x [batch, tokens, hidden], split into heads.
struct QkvProjection {
  static constexpr std::string_view name = "qkv_projection";
  std::int64_t head_dim = 0;
  Qkv define(Context& context, const Tensor& x, const LinearWeights& q, const LinearWeights& k,
             const LinearWeights& v) const;
};

/// Rotates q and k (Rotary), then writes k and v into their places [batch, kv_heads, tokens, head_dim] of the
/// cache; the result is the rotated q. Undefined cos and sin: nothing is rotated.
struct RotaryAppend {
  static constexpr std::string_view name = "rotary_append";
  Tensor define(Context& context, const Qkv& qkv, const Tensor& cos, const Tensor& sin,
                const Tensor& cached_keys, const Tensor& cached_values) const;
};

/// residual + linear(x).
struct LinearResidual {
  static constexpr std::string_view name = "linear_residual";
  Tensor define(Context& context, const Tensor& x, const LinearWeights& linear, const Tensor& residual) const;
};

/// residual + rms_norm(x).
struct NormResidual {
  static constexpr std::string_view name = "norm_residual";
  RmsNorm norm;
  Tensor define(Context& context, const Tensor& x, const Tensor& weight, const Tensor& residual) const;
};

/// The choice of greedy generation: where each row of x weight^T, rounded to x's dtype, is largest. x [batch,
/// tokens, hidden], weight [vocabulary, hidden] -> int64 [batch, tokens]: the first of equal ones, and the
/// first NaN where there is one.
struct GreedyHead {
  static constexpr std::string_view name = "greedy_head";
  Tensor define(Context& context, const Tensor& x, const Tensor& weight) const;
};

/// activation(linear(x)), the first half of an MLP that is not gated.
struct LinearActivation {
  static constexpr std::string_view name = "linear_activation";
  Activation activation = Activation::gelu;
  Tensor define(Context& context, const Tensor& x, const LinearWeights& linear) const;
};

/// activation(gate(x)) * up(x), the first half of a gated MLP.
struct GatedProjection {
  static constexpr std::string_view name = "gated_projection";
  Activation activation = Activation::silu;
  Tensor define(Context& context, const Tensor& x, const LinearWeights& gate, const LinearWeights& up) const;
};

}  // namespace bv2::engine
