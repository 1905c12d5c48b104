// A tensor: its views.
#include "engine/tensor/tensor.h"

namespace bv2::engine {

bool Tensor::is_contiguous() const {
  if (numel() == 0) return true;
  std::int64_t step = 1;
  for (auto dim = static_cast<std::int64_t>(rank()) - 1; dim >= 0; --dim) {
    if (shape_[dim] != 1 && strides_[dim] != step) return false;
    step *= shape_[dim];
  }
  return true;
}

void Tensor::refuse_to_read() const {
  if (storage_->layout() == Layout::absent)
    fail("a tensor {} was read while its values were not there: a forward may not depend on them",
         to_string(shape_));
  fail("a tensor {} that is packed for the kernels was read as a plain one", to_string(shape_));
}

Tensor Tensor::reshape(Shape shape) const {
  shape = reshaped(shape_, shape);
  const auto strides = view_strides(shape_, strides_, shape);
  if (!strides) fail("a strided tensor {} cannot be reshaped to {}", to_string(shape_), to_string(shape));
  return {storage_, dtype_, shape, *strides, offset_};
}

Tensor Tensor::transpose(std::int64_t dim_a, std::int64_t dim_b) const {
  if (!shape_.has(dim_a) || !shape_.has(dim_b))
    fail("dimensions {} and {} are not both in {}", dim_a, dim_b, to_string(shape_));
  Tensor view = *this;
  std::swap(view.shape_[dim_a], view.shape_[dim_b]);
  std::swap(view.strides_[dim_a], view.strides_[dim_b]);
  return view;
}

Tensor Tensor::slice(std::int64_t dim, std::int64_t begin, std::int64_t end) const {
  if (!shape_.has(dim) || begin < 0 || begin > end || end > shape_[dim]) {
    fail("the slice [{}, {}) of dimension {} is outside {}", begin, end, dim, to_string(shape_));
  }
  Tensor view = *this;
  view.shape_[dim] = end - begin;
  view.offset_ += begin * strides_[dim];
  return view;
}

Tensor Tensor::expand(const Shape& shape) const {
  Strides strides = shape;
  const auto added = static_cast<std::int64_t>(shape.rank()) - static_cast<std::int64_t>(rank());
  if (added < 0) fail("{} cannot be expanded to {}", to_string(shape_), to_string(shape));
  for (std::int64_t dim = 0; dim < static_cast<std::int64_t>(shape.rank()); ++dim) {
    const bool repeated = dim < added || (shape_[dim - added] == 1 && shape[dim] != 1);
    if (!repeated && shape_[dim - added] != shape[dim])
      fail("{} cannot be expanded to {}", to_string(shape_), to_string(shape));
    strides[dim] = repeated ? 0 : strides_[dim - added];
  }
  return {storage_, dtype_, shape, strides, offset_};
}

}  // namespace bv2::engine
