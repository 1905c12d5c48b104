// The rotation of one head's vector, by our own vectorised loop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace bv2::engine {

/// Rotates x [head_dim] by position into out (not x itself): the first rotary_dim elements as halves, the
/// rest copied. cos and sin [rotary_dim]. All in one dtype, computed in float32 and rounded once.
struct RotateRow {
  Dtype dtype = Dtype::float32;
  std::int64_t head_dim = 0;
  std::int64_t rotary_dim = 0;
  const std::byte* x = nullptr;
  const std::byte* cos = nullptr;
  const std::byte* sin = nullptr;
  std::byte* out = nullptr;
};

void rotate_row(const RotateRow& row);

}  // namespace bv2::engine
