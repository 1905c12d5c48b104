// The state of an online softmax: saving and merging.
#include "engine/ops/sdpa_state.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bv2::engine {
namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

}  // namespace

void SoftmaxState::save(float* slot) const {
  std::copy_n(max, rows, slot);
  std::copy_n(sum, rows, slot + rows);
  std::copy_n(out, rows * columns, slot + 2 * rows);
}

void SoftmaxState::merge(const float* slots, std::int64_t count) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t part = 0; part < count; ++part)
      max[row] = std::max(max[row], slots[part * size() + row]);
    for (std::int64_t part = 0; part < count; ++part) {
      const float* slot = slots + part * size();
      if (slot[row] == minus_infinity) continue;
      const float weight = std::exp2(slot[row] - max[row]);
      sum[row] += weight * slot[rows + row];
      const float* source = slot + 2 * rows;
      for (std::int64_t column = 0; column < columns; ++column) {
        const std::int64_t element = row * row_stride + column * column_stride;
        out[element] += weight * source[element];
      }
    }
  }
}

}  // namespace bv2::engine
