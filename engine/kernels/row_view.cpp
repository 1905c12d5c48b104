// Tensors seen as rows of their last dimension.
#include "engine/kernels/row_view.h"

namespace bv2::engine {

std::optional<RowView> rows_of(const Tensor& x) {
  if (x.rank() == 0) return std::nullopt;
  RowView view{.rows = 1, .width = x.size(-1), .stride = x.size(-1)};
  if (view.width > 1 && x.strides()[-1] != 1) return std::nullopt;
  std::int64_t expected = 0;  // stride that the next dimension to the left must have; 0: any
  for (std::int64_t dim = static_cast<std::int64_t>(x.rank()) - 2; dim >= 0; --dim) {
    const std::int64_t size = x.shape()[dim];
    if (size == 1) continue;
    const std::int64_t stride = x.strides()[dim];
    if (expected == 0)
      view.stride = stride;
    else if (stride != expected)
      return std::nullopt;
    view.rows *= size;
    expected = stride * size;
  }
  return view;
}

}  // namespace bv2::engine
