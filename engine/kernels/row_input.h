// The rows that a product reads, laid out for it.
#pragma once

#include "engine/kernels/panel_products.h"
#include "engine/ops/context.h"

namespace bv2::engine {

/// Memory for laid-out rows, which grows to the largest call. Not thread safe.
class RowScratch {
 public:
  /// At least `count` floats, valid until the next call.
  float* reserve(std::int64_t count);

 private:
  Tensor values_;
};

/// x [rows, depth] of a floating dtype as a product reads it: x itself where it is that already (one row in
/// float32), else in `to`, rows * depth floats.
ProductInput lay_out_rows(Dtype dtype, const std::byte* x, const RowLayout& layout, float* to);

/// x [.., depth], contiguous, in the context's scratch memory or where it is.
ProductInput row_input(Context& context, const Tensor& x);

}  // namespace bv2::engine
