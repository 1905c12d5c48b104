// Views: other shapes and strides over the same memory.
#include "engine/eager/operations.h"

namespace bv2::engine::eager {

Tensor reshape(State&, const BasicCall& call, const TensorType& type) {
  const Tensor& x = call.inputs[0];
  const auto strides = view_strides(x.shape(), x.strides(), type.shape);
  if (!strides) {
    fail("reshape: {} with strides {} cannot be seen as {}; make it contiguous first", to_string(x.shape()),
         to_string(x.strides()), to_string(type.shape));
  }
  return {x.storage(), x.dtype(), type.shape, *strides, x.offset()};
}

Tensor transpose(State&, const BasicCall& call, const TensorType&) {
  return call.inputs[0].transpose(call.attributes.dims[0], call.attributes.dims[1]);
}

Tensor slice(State&, const BasicCall& call, const TensorType&) {
  const Dims& dims = call.attributes.dims;
  return call.inputs[0].slice(dims[0], dims[1], dims[2]);
}

Tensor expand(State&, const BasicCall& call, const TensorType& type) {
  const Tensor& x = call.inputs[0];
  return {x.storage(), x.dtype(), type.shape, broadcast_strides(x, type.shape), x.offset()};
}

}  // namespace bv2::engine::eager
