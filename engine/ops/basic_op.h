// The basic tensor operations: what every layer operation is defined in, what eager runs one by one and a
// tracer records.
#pragma once

#include <span>
#include <string_view>

#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// Arithmetic on bfloat16 and float16 is done in float32 and rounded once, at the end of each operation.
enum class BasicOp {
  // element-wise, one input
  cast,
  neg,
  exp,
  rsqrt,
  tanh,
  sigmoid,
  silu,
  gelu,
  gelu_tanh,
  relu,
  sin,
  cos,
  // element-wise with a number (attributes.scalar)
  add_scalar,
  mul_scalar,
  // element-wise, two inputs that broadcast
  add,
  sub,
  mul,
  div,
  maximum,
  // over the last dimension, kept with size 1
  sum,
  mean,
  max,
  // products and look-ups
  matmul,
  take_rows,
  argmax,
  // arrangement
  concat,
  contiguous,
  copy_into,
  attention_mask,
  reshape,
  transpose,
  slice,
  expand,
};

/// What an operation is told besides its inputs; each operation says which it reads.
struct Attributes {
  Dtype dtype = Dtype::float32;
  double scalar = 0;
  Dims dims{};
};

/// How one basic operation is called.
struct BasicCall {
  BasicOp op;
  std::span<const Tensor> inputs;
  Attributes attributes;
};

/// Runs basic operations now (eager) or notes them for later (a tracer). One thread at a time.
class BasicExecutor {
 public:
  virtual ~BasicExecutor() = default;
  /// The result. Throws Error naming the operation and the shapes that do not fit.
  virtual Tensor execute(const BasicCall& call) = 0;
};

/// "mul_scalar"
std::string_view name(BasicOp op);
/// The number of operations; their values are 0 .. basic_op_count - 1.
constexpr std::size_t basic_op_count = static_cast<std::size_t>(BasicOp::expand) + 1;

/// What is known of a result before it is computed.
struct TensorType {
  Dtype dtype;
  Shape shape;
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

/// The dtype and shape that the call gives. Throws Error naming the operation, the shapes and the dtypes
/// where they do not fit; reads no data, so that a tracer can ask it too.
TensorType result_type(const BasicCall& call);

}  // namespace bv2::engine
