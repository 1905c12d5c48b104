// Layer operations that join several smaller ones: their definitions.
#include "engine/ops/block.h"

#include "engine/ops/basic.h"

namespace bv2::engine {
namespace {

Tensor linear(Context& context, const Tensor& x, const LinearWeights& weights) {
  return context.apply(Linear{}, x, weights.weight, weights.bias);
}

/// [batch, tokens, heads * head_dim] -> [batch, heads, tokens, head_dim], a view.
Tensor split_heads(Context& context, const Tensor& x, std::int64_t head_dim) {
  const Tensor by_head = reshape(context, x, {x.size(0), x.size(1), x.size(2) / head_dim, head_dim});
  return transpose(context, by_head, 1, 2);
}

}  // namespace

Qkv QkvProjection::define(Context& context, const Tensor& x, const LinearWeights& q, const LinearWeights& k,
                          const LinearWeights& v) const {
  return {split_heads(context, linear(context, x, q), head_dim),
          split_heads(context, linear(context, x, k), head_dim),
          split_heads(context, linear(context, x, v), head_dim)};
}

Tensor RotaryAppend::define(Context& context, const Qkv& qkv, const Tensor& cos, const Tensor& sin,
                            const Tensor& cached_keys, const Tensor& cached_values) const {
  const bool rotary = cos.defined();
  copy_into(context, cached_keys, rotary ? context.apply(Rotary{}, qkv.k, cos, sin) : qkv.k);
  copy_into(context, cached_values, qkv.v);
  return rotary ? context.apply(Rotary{}, qkv.q, cos, sin) : qkv.q;
}

Tensor LinearResidual::define(Context& context, const Tensor& x, const LinearWeights& weights,
                              const Tensor& residual) const {
  return add(context, residual, linear(context, x, weights));
}

Tensor NormResidual::define(Context& context, const Tensor& x, const Tensor& weight,
                            const Tensor& residual) const {
  return add(context, residual, context.apply(norm, x, weight));
}

Tensor GreedyHead::define(Context& context, const Tensor& x, const Tensor& weight) const {
  return argmax(context, context.apply(Linear{}, x, weight, Tensor()));
}

Tensor LinearActivation::define(Context& context, const Tensor& x, const LinearWeights& weights) const {
  return context.apply(Activate{activation}, linear(context, x, weights));
}

Tensor GatedProjection::define(Context& context, const Tensor& x, const LinearWeights& gate,
                               const LinearWeights& up) const {
  return context.apply(GatedActivation{activation}, linear(context, x, gate), linear(context, x, up));
}

}  // namespace bv2::engine
