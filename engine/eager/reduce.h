// Reductions over the last dimension.
#pragma once

#include "engine/simd/elementwise.h"
#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// [.., n] -> [.., 1], accumulated in float32 and then multiplied by `scale`.
Tensor reduced(Reduction reduction, const Tensor& x, float scale);
/// Index of the first largest element of the last dimension: int64 [..]. NaN counts as the largest, as in
/// PyTorch. Throws Error when it is empty.
Tensor index_of_max(const Tensor& x);

}  // namespace bv2::engine
