// Rotary position embedding: x * cos + rotate_half(x) * sin, each product rounded to x's dtype.
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

Tensor Rotary::define(Context& context, const Tensor& x, const Tensor& cos, const Tensor& sin) const {
  const std::int64_t head_dim = x.size(-1);
  const std::int64_t rotary_dim = cos.size(-1);
  const std::int64_t half = rotary_dim / 2;
  const std::int64_t dim = 3;
  if (rotary_dim % 2 != 0 || rotary_dim > head_dim) {
    fail("rotary: {} of {} dimensions cannot be rotated in pairs", rotary_dim, head_dim);
  }
  const Tensor rotated = rotary_dim == head_dim ? x : slice(context, x, dim, 0, rotary_dim);
  const Tensor first = slice(context, rotated, dim, 0, half);
  const Tensor second = slice(context, rotated, dim, half, rotary_dim);
  const Tensor turned = concat(context, {neg(context, second), first}, dim);
  const Tensor result = add(context, mul(context, rotated, cos), mul(context, turned, sin));
  if (rotary_dim == head_dim) return result;
  return concat(context, {result, slice(context, x, dim, rotary_dim, head_dim)}, dim);
}

}  // namespace bv2::engine
