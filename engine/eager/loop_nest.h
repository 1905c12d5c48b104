// The loops that visit the elements of a few views of one shape in step.
#pragma once

#include <array>
#include <span>

#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// Loops over a shape, the innermost last, and how far each operand moves with each loop. Loops of one round
/// are left out and loops that all operands run through as one are merged; at least one loop stays.
struct LoopNest {
  static constexpr std::size_t max_operands = 3;

  std::size_t rank = 0;
  std::int64_t count = 0;  ///< elements
  std::array<std::int64_t, Dims::capacity> sizes{};
  std::array<std::array<std::int64_t, Dims::capacity>, max_operands> strides{};  ///< in elements, by operand

  [[nodiscard]] std::int64_t inner_size() const { return sizes[rank - 1]; }
  [[nodiscard]] std::int64_t inner_stride(std::size_t operand) const { return strides[operand][rank - 1]; }
  [[nodiscard]] std::int64_t rows() const { return inner_size() == 0 ? 0 : count / inner_size(); }
};

enum class InnerLoop { merged, last_dimension };

/// `operands` are the strides of each view over `shape`. InnerLoop::last_dimension keeps the last dimension
/// of the shape as a loop of its own, whatever its size.
LoopNest make_loop_nest(const Shape& shape, std::span<const Strides> operands,
                        InnerLoop inner = InnerLoop::merged);

/// The strides of a tensor seen as `shape`, which it broadcasts to.
Strides broadcast_strides(const Tensor& tensor, const Shape& shape);

/// Where each operand stands at the start of a row, a row being one run of the innermost loop.
class RowCursor {
 public:
  RowCursor(const LoopNest& nest, std::int64_t row) : nest_(&nest) {
    for (std::size_t loop = nest.rank - 1; loop-- > 0;) {
      indices_[loop] = row % nest.sizes[loop];
      row /= nest.sizes[loop];
      for (std::size_t operand = 0; operand < LoopNest::max_operands; ++operand)
        offsets_[operand] += indices_[loop] * nest.strides[operand][loop];
    }
  }

  [[nodiscard]] std::int64_t offset(std::size_t operand) const { return offsets_[operand]; }

  void next_row() {
    for (std::size_t loop = nest_->rank - 1; loop-- > 0;) {
      const bool wraps = ++indices_[loop] == nest_->sizes[loop];
      for (std::size_t operand = 0; operand < LoopNest::max_operands; ++operand) {
        const std::int64_t stride = nest_->strides[operand][loop];
        offsets_[operand] += wraps ? stride * (1 - nest_->sizes[loop]) : stride;
      }
      if (!wraps) return;
      indices_[loop] = 0;
    }
  }

 private:
  const LoopNest* nest_;
  std::array<std::int64_t, Dims::capacity> indices_{};
  std::array<std::int64_t, LoopNest::max_operands> offsets_{};
};

}  // namespace bv2::engine
