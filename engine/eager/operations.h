// The basic operations as eager does them, one function a family. Their inputs have passed result_type().
#pragma once

#include "engine/eager/matmul.h"
#include "engine/ops/basic_op.h"

namespace bv2::engine::eager {

/// What operations keep from one call to the next.
struct State {
  MatmulState matmul;
};

/// `type` is result_type(call).
using Operation = Tensor (*)(State& state, const BasicCall& call, const TensorType& type);

/// One input, with or without a number.
Tensor unary(State&, const BasicCall& call, const TensorType& type);
Tensor binary(State&, const BasicCall& call, const TensorType& type);
Tensor cast(State&, const BasicCall& call, const TensorType& type);
/// sum, mean, max, argmax.
Tensor reduce(State&, const BasicCall& call, const TensorType& type);
Tensor matmul(State&, const BasicCall& call, const TensorType& type);
Tensor take_rows(State&, const BasicCall& call, const TensorType& type);
Tensor concat(State&, const BasicCall& call, const TensorType& type);
Tensor contiguous(State&, const BasicCall& call, const TensorType& type);
Tensor copy_into(State&, const BasicCall& call, const TensorType& type);
Tensor attention_mask(State&, const BasicCall& call, const TensorType& type);
Tensor reshape(State&, const BasicCall& call, const TensorType& type);
Tensor transpose(State&, const BasicCall& call, const TensorType& type);
Tensor slice(State&, const BasicCall& call, const TensorType& type);
Tensor expand(State&, const BasicCall& call, const TensorType& type);

/// A row-major copy of any view, or the tensor itself when it is row-major.
Tensor as_contiguous(const Tensor& x);
/// Writes the elements of `source` over those of `destination`: same shape, same dtype.
void copy_elements(const Tensor& destination, const Tensor& source);
/// The same between floating dtypes that differ; the last dimension of `destination` has unit stride.
void cast_into(const Tensor& destination, const Tensor& source);

}  // namespace bv2::engine::eager
