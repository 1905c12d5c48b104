// Softmax in float32, the largest value taken out first.
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

Tensor Softmax::define(Context& context, const Tensor& x) const {
  const Tensor wide = cast(context, x, Dtype::float32);
  const Tensor powers = exp(context, sub(context, wide, max(context, wide)));
  return cast(context, div(context, powers, sum(context, powers)), x.dtype());
}

}  // namespace bv2::engine
