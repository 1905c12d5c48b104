// The basic operations as functions, for definitions and models to be written in.
#pragma once

#include <vector>

#include "engine/ops/context.h"

namespace bv2::engine {

/// The same values in another dtype, rounded to nearest even; the tensor itself when it has that dtype
/// already.
inline Tensor cast(Context& context, const Tensor& x, Dtype dtype) {
  return x.dtype() == dtype ? x : context.execute(BasicOp::cast, {x}, {.dtype = dtype});
}

inline Tensor neg(Context& context, const Tensor& x) { return context.execute(BasicOp::neg, {x}); }
inline Tensor exp(Context& context, const Tensor& x) { return context.execute(BasicOp::exp, {x}); }
inline Tensor rsqrt(Context& context, const Tensor& x) { return context.execute(BasicOp::rsqrt, {x}); }
inline Tensor tanh(Context& context, const Tensor& x) { return context.execute(BasicOp::tanh, {x}); }

/// x + number, x * number; the result has x's dtype.
inline Tensor add_scalar(Context& context, const Tensor& x, double number) {
  return context.execute(BasicOp::add_scalar, {x}, {.scalar = number});
}
inline Tensor mul_scalar(Context& context, const Tensor& x, double number) {
  return context.execute(BasicOp::mul_scalar, {x}, {.scalar = number});
}

/// Two tensors of one dtype whose shapes broadcast (numpy's rule).
inline Tensor add(Context& context, const Tensor& a, const Tensor& b) {
  return context.execute(BasicOp::add, {a, b});
}
inline Tensor sub(Context& context, const Tensor& a, const Tensor& b) {
  return context.execute(BasicOp::sub, {a, b});
}
inline Tensor mul(Context& context, const Tensor& a, const Tensor& b) {
  return context.execute(BasicOp::mul, {a, b});
}
inline Tensor div(Context& context, const Tensor& a, const Tensor& b) {
  return context.execute(BasicOp::div, {a, b});
}

/// Over the last dimension, which stays with size 1. Accumulated in float32.
inline Tensor sum(Context& context, const Tensor& x) { return context.execute(BasicOp::sum, {x}); }
inline Tensor mean(Context& context, const Tensor& x) { return context.execute(BasicOp::mean, {x}); }
inline Tensor max(Context& context, const Tensor& x) { return context.execute(BasicOp::max, {x}); }
/// Index of the first largest value of the last dimension, which goes: int64.
inline Tensor argmax(Context& context, const Tensor& x) { return context.execute(BasicOp::argmax, {x}); }

/// [.., M, K] x [.., K, N] -> [.., M, N], accumulated in float32; leading dimensions broadcast, inputs may be
/// strided (so a transposed weight is a view).
inline Tensor matmul(Context& context, const Tensor& a, const Tensor& b) {
  return context.execute(BasicOp::matmul, {a, b});
}
/// table [rows, width], ids int64 [...] -> [..., width]. Throws Error with the id that is outside the table.
inline Tensor take_rows(Context& context, const Tensor& table, const Tensor& ids) {
  return context.execute(BasicOp::take_rows, {table, ids});
}

/// Joined along a dimension (not negative).
inline Tensor concat(Context& context, std::initializer_list<Tensor> parts, std::int64_t dim) {
  return context.execute(BasicOp::concat, parts, {.dims = {dim}});
}
/// Row-major: the tensor itself when it is so already.
inline Tensor contiguous(Context& context, const Tensor& x) {
  return x.is_contiguous() ? x : context.execute(BasicOp::contiguous, {x});
}
/// Writes `source` over the elements of `destination` (a view of the same shape and dtype); the result is
/// `destination`.
inline Tensor copy_into(Context& context, const Tensor& destination, const Tensor& source) {
  return context.execute(BasicOp::copy_into, {destination, source});
}

/// The additive mask [rows, 1, tokens, keys] in `dtype`: 0 where query t may see key s, -inf elsewhere. Query
/// t stands at position keys - tokens + t. A key after it is hidden (when causal), as are keys more than
/// window - 1 before it (window 0: none) and the first padding[row] keys of a row (`padding` int64 [rows], or
/// undefined for rows = 1 without padding).
inline Tensor attention_mask(Context& context, const Tensor& padding, std::int64_t tokens, std::int64_t keys,
                             bool causal, std::int64_t window, Dtype dtype) {
  return context.execute(BasicOp::attention_mask, {padding},
                         {.dtype = dtype, .dims = {tokens, keys, causal ? 1 : 0, window}});
}

// Views; as the members of Tensor, but seen by a tracer.
inline Tensor reshape(Context& context, const Tensor& x, const Shape& shape) {
  return context.execute(BasicOp::reshape, {x}, {.dims = shape});
}
inline Tensor transpose(Context& context, const Tensor& x, std::int64_t a, std::int64_t b) {
  return context.execute(BasicOp::transpose, {x}, {.dims = {a, b}});
}
inline Tensor slice(Context& context, const Tensor& x, std::int64_t dim, std::int64_t begin,
                    std::int64_t end) {
  return context.execute(BasicOp::slice, {x}, {.dims = {dim, begin, end}});
}
inline Tensor expand(Context& context, const Tensor& x, const Shape& shape) {
  return context.execute(BasicOp::expand, {x}, {.dims = shape});
}

}  // namespace bv2::engine
