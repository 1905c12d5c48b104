// RMSNorm and LayerNorm of rows, by our own vectorised loops.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"
#include "engine/kernels/row_view.h"

namespace bv2::engine {

/// Rows to be normalised and where they go; everything in one dtype, computed in float32 and rounded once.
struct NormRows {
  Dtype dtype = Dtype::float32;
  RowView view;                         ///< of x
  const std::byte* x = nullptr;         ///< view.rows rows
  const std::byte* weight = nullptr;    ///< [width]
  const std::byte* bias = nullptr;      ///< [width], or none
  const std::byte* residual = nullptr;  ///< [rows, width], added to an RMSNorm, or none
  std::byte* out = nullptr;             ///< [rows, width]
  double epsilon = 0;
  float weight_offset = 0;
};

// Rows [begin, end), on the calling thread.

void rms_norm_rows(const NormRows& norm, std::int64_t begin, std::int64_t end);
void layer_norm_rows(const NormRows& norm, std::int64_t begin, std::int64_t end);

}  // namespace bv2::engine
