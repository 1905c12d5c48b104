// RMSNorm, with the roundings of Llama's and of Gemma's.
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

Tensor RmsNorm::define(Context& context, const Tensor& x, const Tensor& weight) const {
  const Tensor wide = cast(context, x, Dtype::float32);
  const Tensor mean_square = mean(context, mul(context, wide, wide));
  const Tensor normed = mul(context, wide, rsqrt(context, add_scalar(context, mean_square, epsilon)));

  const Dtype weight_dtype = weight_in_float32 ? Dtype::float32 : x.dtype();
  Tensor factor = cast(context, weight, weight_dtype);
  if (weight_offset != 0) factor = add_scalar(context, factor, weight_offset);
  const Tensor result = mul(context, cast(context, normed, weight_dtype), factor);
  return cast(context, result, x.dtype());
}

}  // namespace bv2::engine
