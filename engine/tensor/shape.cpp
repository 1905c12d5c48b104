// Shapes and strides.
#include "engine/tensor/shape.h"

#include <fmt/ranges.h>

namespace bv2::engine {

std::string to_string(const Dims& dims) {
  return fmt::format("[{}]", fmt::join(dims.begin(), dims.end(), ", "));
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides = shape;
  std::int64_t step = 1;
  for (auto dim = static_cast<std::int64_t>(shape.rank()) - 1; dim >= 0; --dim) {
    strides[dim] = step;
    step *= shape[dim];
  }
  return strides;
}

Shape broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  Shape result = longer;
  for (std::int64_t dim = 1; dim <= static_cast<std::int64_t>(shorter.rank()); ++dim) {
    const std::int64_t x = longer[-dim];
    const std::int64_t y = shorter[-dim];
    if (x != y && x != 1 && y != 1) fail("the shapes {} and {} do not broadcast", to_string(a), to_string(b));
    result[-dim] = x == 1 ? y : x;
  }
  return result;
}

}  // namespace bv2::engine
