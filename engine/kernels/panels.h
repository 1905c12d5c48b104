// The one layout of weights that decode and prefill share: panels of 64 outputs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// A weight [outputs, depth] packed for products: panel p holds outputs [64 p, 64 p + 64) for the whole
/// depth, one after the other in memory. Within a panel float32 and float16 are [depth][64]; bfloat16 is
/// [depth / 2][64][2], pairs along the depth, as the instructions that multiply bfloat16 want them. What
/// fills up the last panel, and the depth to a multiple of `depth_multiple`, is zero. Decode streams a panel
/// with one sequential read and keeps its 64 sums in registers; oneDNN takes the same bytes as BA16a64b and
/// BA16a64b2a, its choice for AVX-512 and AMX alike.
struct PanelMatrix {
  static constexpr std::int64_t panel_outputs = 64;

  const std::byte* data = nullptr;
  Dtype dtype = Dtype::float32;
  std::int64_t outputs = 0;
  std::int64_t depth = 0;

  [[nodiscard]] std::int64_t panels() const { return (outputs + panel_outputs - 1) / panel_outputs; }
  [[nodiscard]] std::int64_t padded_depth() const;
  [[nodiscard]] std::size_t panel_bytes() const;
  [[nodiscard]] std::size_t size_bytes() const { return static_cast<std::size_t>(panels()) * panel_bytes(); }
  [[nodiscard]] const std::byte* panel(std::int64_t index) const {
    return data + static_cast<std::size_t>(index) * panel_bytes();
  }
};

/// What a dtype's depth is filled up to a multiple of: oneDNN's block.
std::int64_t depth_multiple(Dtype dtype);

/// Bytes that a weight takes when packed.
std::size_t packed_size_bytes(const Tensor& weight);
/// Packs panels [begin, end) of a plain weight [outputs, depth] of any strides to `panels`, where panel 0 is.
void pack_panels(const Tensor& weight, std::int64_t begin, std::int64_t end, std::byte* panels);
/// A packed copy in memory of its own.
Tensor packed(const Tensor& weight);
/// The plain tensor again.
Tensor unpacked(const Tensor& weight);

/// Writes the `depth` weights of one output to `to`, in the matrix's dtype.
void copy_output(const PanelMatrix& matrix, std::int64_t output, std::byte* to);

/// The panels of a packed weight. Throws Error when it is plain.
PanelMatrix panels_of(const Tensor& weight);

}  // namespace bv2::engine
