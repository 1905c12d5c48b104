// Element-wise operations on tensors of any strides, with broadcasting.
#pragma once

#include "engine/simd/elementwise.h"
#include "engine/tensor/tensor.h"

namespace bv2::engine {

// All results are row-major and new.

Tensor unary(UnaryFunction function, const Tensor& x);
/// Two tensors of one dtype whose shapes broadcast. Throws Error naming both where they do not.
Tensor binary(BinaryFunction function, const Tensor& a, const Tensor& b);
/// x op number, in x's dtype.
Tensor with_number(BinaryFunction function, const Tensor& x, double number);
Tensor converted(const Tensor& x, Dtype dtype);

}  // namespace bv2::engine
