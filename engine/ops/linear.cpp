// Linear: x times the transposed weight, plus a bias.
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

Tensor Linear::define(Context& context, const Tensor& x, const Tensor& weight, const Tensor& bias) const {
  // One product of all rows: a batch of small ones would read the weight once each.
  const Tensor rows = reshape(context, contiguous(context, x), {-1, x.size(-1)});
  Tensor result = matmul(context, rows, transpose(context, weight, 0, 1));
  if (bias.defined()) result = add(context, result, bias);
  Shape shape = x.shape();
  shape[-1] = weight.size(0);
  return reshape(context, result, shape);
}

}  // namespace bv2::engine
