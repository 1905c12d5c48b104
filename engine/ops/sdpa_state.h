// The state of an online softmax, so that parts of the keys can be done apart and merged.
#pragma once

#include <cstdint>

namespace bv2::engine {

/// For each row the max of its scores (in units of log2), the sum of exp2(score - max), and the values
/// weighted by the same powers.
struct SoftmaxState {
  float* max;
  float* sum;
  float* out;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t row_stride;  ///< of out
  std::int64_t column_stride;

  /// Floats that a saved state takes.
  [[nodiscard]] std::int64_t size() const { return 2 * rows + rows * columns; }
  void save(float* slot) const;
  /// Adds saved states, `count` of them one after another, to this one, which has seen nothing.
  void merge(const float* slots, std::int64_t count);
};

}  // namespace bv2::engine
