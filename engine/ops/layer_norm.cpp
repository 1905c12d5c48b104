// LayerNorm in float32, as PyTorch computes it for every dtype.
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

Tensor LayerNorm::define(Context& context, const Tensor& x, const Tensor& weight, const Tensor& bias) const {
  const Tensor wide = cast(context, x, Dtype::float32);
  const Tensor centred = sub(context, wide, mean(context, wide));
  const Tensor variance = mean(context, mul(context, centred, centred));
  const Tensor normed = mul(context, centred, rsqrt(context, add_scalar(context, variance, epsilon)));
  Tensor result = mul(context, normed, cast(context, weight, Dtype::float32));
  if (bias.defined()) result = add(context, result, cast(context, bias, Dtype::float32));
  return cast(context, result, x.dtype());
}

}  // namespace bv2::engine
