// How the element-wise operations hand their work to the vector code.
#pragma once

#include "engine/eager/loop_nest.h"
#include "engine/ops/basic_op.h"

namespace bv2::engine::eager {

/// One element-wise operation on memory. Operand 0 of the nest is the output, which is row-major; the inputs'
/// innermost strides are 1 or 0.
struct Elementwise {
  BasicOp op;
  Dtype dtype;  ///< of all operands
  float scalar;
  LoopNest nest;
  std::byte* output;
  const std::byte* inputs[2];
};

/// A range of elements, in row-major order.
struct ElementRange {
  std::int64_t begin;
  std::int64_t end;
};

}  // namespace bv2::engine::eager
