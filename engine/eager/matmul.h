// The matrix product of eager mode: oneDNN, and our own loops where oneDNN has none or would compile for
// every call.
#pragma once

#include "engine/eager/onednn_matmul.h"
#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// [.., M, K] x [.., K, N] -> [.., M, N] in the inputs' dtype, accumulated in float32; leading dimensions
/// broadcast, inputs may be strided. Throws Error with the shapes when they do not fit.
class Matmul {
 public:
  Tensor multiply(const Tensor& a, const Tensor& b);

 private:
  OneDnnMatmul onednn_;
};

}  // namespace bv2::engine
