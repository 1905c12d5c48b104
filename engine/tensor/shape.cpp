// Shapes and strides.
#include "engine/tensor/shape.h"

#include <fmt/ranges.h>

#include <array>

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

Shape reshaped(const Shape& from, Shape wanted) {
  const Shape asked = wanted;
  std::int64_t known = 1;
  std::int64_t unknown_dim = -1;
  bool valid = true;
  for (std::int64_t dim = 0; dim < static_cast<std::int64_t>(wanted.rank()); ++dim) {
    if (wanted[dim] >= 0) {
      known *= wanted[dim];
      continue;
    }
    valid = valid && wanted[dim] == -1 && unknown_dim < 0;
    unknown_dim = dim;
  }
  const std::int64_t elements = from.product();
  if (valid && unknown_dim >= 0 && known > 0) wanted[unknown_dim] = elements / known;
  if (!valid || wanted.product() != elements || (unknown_dim >= 0 && known == 0))
    fail("{} cannot be reshaped to {}", to_string(from), to_string(asked));
  return wanted;
}

std::optional<Strides> view_strides(const Shape& shape, const Strides& strides, const Shape& wanted) {
  if (shape.product() == 0) return contiguous_strides(wanted);
  // Runs of dimensions that are laid out as one dimension would be, the last first.
  struct Run {
    std::int64_t elements;
    std::int64_t step;
  };
  std::array<Run, Dims::capacity> runs{};
  std::size_t count = 0;
  for (auto dim = static_cast<std::int64_t>(shape.rank()) - 1; dim >= 0; --dim) {
    if (shape[dim] == 1) continue;
    if (count > 0 && strides[dim] == runs[count - 1].elements * runs[count - 1].step)
      runs[count - 1].elements *= shape[dim];
    else
      runs[count++] = {shape[dim], strides[dim]};
  }
  // The wanted dimensions are cut from the runs, the last first; none may reach over the end of its run.
  Strides result = wanted;
  Run left{1, 1};
  std::size_t next = 0;
  for (auto dim = static_cast<std::int64_t>(wanted.rank()) - 1; dim >= 0; --dim) {
    if (wanted[dim] != 1 && left.elements == 1) left = runs[next++];
    if (left.elements % wanted[dim] != 0) return std::nullopt;
    result[dim] = left.step;
    left = {left.elements / wanted[dim], left.step * wanted[dim]};
  }
  return result;
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
