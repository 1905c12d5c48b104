// Element-wise operations and reductions over contiguous runs of any floating dtype: arithmetic in float32,
// rounded once.
#pragma once

#include <cstdint>

#include "base/dtype.h"

namespace bv2::engine {

enum class UnaryFunction { neg, exp, rsqrt, tanh, sigmoid, silu, gelu, gelu_tanh, relu, sin, cos };
enum class BinaryFunction { add, sub, mul, div, maximum };
enum class Reduction { sum, max };

// The dtype of all functions is float32, bfloat16 or float16. They run on the calling thread.

/// out[i] = function(x[i])
void apply_unary(UnaryFunction function, Dtype dtype, const void* x, void* out, std::int64_t count);
/// out[i] = function(a[i * a_step], b[i * b_step]), steps 0 (one element for all) or 1.
void apply_binary(BinaryFunction function, Dtype dtype, const void* a, std::int64_t a_step, const void* b,
                  std::int64_t b_step, void* out, std::int64_t count);
/// out[i] = function(x[i], number), number rounded to float32 only.
void apply_number(BinaryFunction function, Dtype dtype, const void* x, float number, void* out,
                  std::int64_t count);
/// The sum (of no elements: 0) or the largest (of none: -inf; NaN where there is one) of x, in float32.
float reduce(Reduction reduction, Dtype dtype, const void* x, std::int64_t count);
/// Rounds to nearest even.
void convert(Dtype from, const void* x, Dtype to, void* out, std::int64_t count);

}  // namespace bv2::engine
