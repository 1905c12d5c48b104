// Tensors seen as rows of their last dimension.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// Rows of `width` contiguous elements, `stride` elements apart.
struct RowView {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::int64_t stride = 0;
};

/// All leading dimensions as one, where one stride does for them: contiguous tensors, and slices of one
/// position.
std::optional<RowView> rows_of(const Tensor& x);

}  // namespace bv2::engine
