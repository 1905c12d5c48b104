// Products of rows with packed weights, and what is fused to them, by our own vectorised loops.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/kernels/panels.h"
#include "engine/kernels/row_layout.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

/// x as RowLayout describes it.
struct ProductInput {
  const float* x = nullptr;
  std::int64_t rows = 0;
};

/// One linear layer: out [rows, outputs] = activation(x weight^T + bias) + residual, rounded once. All in the
/// weight's dtype.
struct LinearTarget {
  PanelMatrix weight;
  const std::byte* bias = nullptr;  ///< [outputs], or none
  std::optional<Activation> activation;
  const std::byte* residual = nullptr;  ///< [rows, outputs], or none
  std::byte* out = nullptr;
};

/// The first half of a gated MLP: out [rows, outputs] = activation(x gate^T + gate_bias) * (x up^T +
/// up_bias).
struct GatedTarget {
  PanelMatrix gate;
  PanelMatrix up;
  const std::byte* gate_bias = nullptr;
  const std::byte* up_bias = nullptr;
  Activation activation = Activation::silu;
  std::byte* out = nullptr;
};

/// What threads share: each panel with each tile of rows (RowLayout), a panel's tiles following each other;
/// for few rows a task is a panel.
std::int64_t task_count(const ProductInput& input, const LinearTarget& target);
std::int64_t task_count(const ProductInput& input, const GatedTarget& target);

/// Panels that one row is multiplied with side by side on this machine.
std::int64_t panels_of_one_row();

// Each computes the outputs of tasks [begin, end) on the calling thread.

void multiply_panels(const ProductInput& input, const LinearTarget& target, std::int64_t begin,
                     std::int64_t end);
void multiply_panels(const ProductInput& input, const GatedTarget& target, std::int64_t begin,
                     std::int64_t end);

/// A row's largest output and where it is found first. A NaN is larger than all numbers, as for argmax.
struct LargestOutput {
  float value = 0;
  std::int64_t index = -1;  ///< -1: there was none yet
};

/// Joins the outputs of panels [begin, end), rounded to the weight's dtype, to `largest` [rows], which is of
/// outputs before these, on the calling thread.
void join_largest_of_panels(const ProductInput& input, const PanelMatrix& weight, std::int64_t begin,
                            std::int64_t end, LargestOutput* largest);

/// Whether `value` comes before what was the largest so far.
inline bool is_larger(float value, const LargestOutput& largest) {
  return largest.index < 0 || value > largest.value || (value != value && largest.value == largest.value);
}

}  // namespace bv2::engine
