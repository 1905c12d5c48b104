// Softcap: large numbers pressed together smoothly.
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

Tensor Softcap::define(Context& context, const Tensor& x) const {
  return mul_scalar(context, tanh(context, mul_scalar(context, x, 1 / cap)), cap);
}

}  // namespace bv2::engine
