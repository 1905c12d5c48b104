// The loops that visit the elements of a few views of one shape in step.
#include "engine/eager/loop_nest.h"

namespace bv2::engine {
namespace {

/// Whether loop `outer` continues where loop `inner` ends, for all operands.
bool mergeable(const LoopNest& nest, std::size_t operands, std::size_t outer, const Strides* strides,
               std::int64_t dim, std::int64_t size) {
  for (std::size_t operand = 0; operand < operands; ++operand)
    if (nest.strides[operand][outer] != strides[operand][dim] * size) return false;
  return true;
}

}  // namespace

LoopNest make_loop_nest(const Shape& shape, std::span<const Strides> operands, InnerLoop inner) {
  LoopNest nest;
  nest.count = shape.product();
  const auto rank = static_cast<std::int64_t>(shape.rank());
  for (std::int64_t dim = 0; dim < rank; ++dim) {
    const bool keep = inner == InnerLoop::last_dimension && dim == rank - 1;
    if (shape[dim] == 1 && !keep) continue;
    const bool merges = nest.rank > 0 && !keep &&
                        mergeable(nest, operands.size(), nest.rank - 1, operands.data(), dim, shape[dim]);
    const std::size_t loop = merges ? nest.rank - 1 : nest.rank++;
    nest.sizes[loop] = merges ? nest.sizes[loop] * shape[dim] : shape[dim];
    for (std::size_t operand = 0; operand < operands.size(); ++operand)
      nest.strides[operand][loop] = operands[operand][dim];
  }
  if (nest.rank == 0) {
    nest.rank = 1;
    nest.sizes[0] = 1;
    for (std::size_t operand = 0; operand < operands.size(); ++operand) nest.strides[operand][0] = 1;
  }
  return nest;
}

Strides broadcast_strides(const Tensor& tensor, const Shape& shape) {
  Strides strides = shape;
  const auto added = static_cast<std::int64_t>(shape.rank() - tensor.rank());
  for (std::int64_t dim = 0; dim < static_cast<std::int64_t>(shape.rank()); ++dim) {
    const bool repeated = dim < added || (tensor.size(dim - added) == 1 && shape[dim] != 1);
    strides[dim] = repeated ? 0 : tensor.strides()[dim - added];
  }
  return strides;
}

}  // namespace bv2::engine
