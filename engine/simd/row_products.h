// Products with few rows: what oneDNN would compile anew for every length of the key/value cache, and dtypes
// that it does not know.
#pragma once

#include <cstdint>

#include "base/dtype.h"

namespace bv2::engine {

/// One product out[rows, columns] = a[rows, depth] b[depth, columns]. Strides count elements.
struct RowProduct {
  Dtype dtype = Dtype::float32;  ///< of b and out: float32, bfloat16 or float16
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t depth = 0;
  const float* a = nullptr;  ///< row-major, [rows, depth]
  const void* b = nullptr;
  std::int64_t b_depth_stride = 0;  ///< one of these two is 1
  std::int64_t b_column_stride = 0;
  void* out = nullptr;
  std::int64_t out_row_stride = 0;
};

/// Computes columns [begin, end) on the calling thread, accumulating in float32. b is read once for each four
/// rows.
void multiply_rows(const RowProduct& product, std::int64_t begin, std::int64_t end);

}  // namespace bv2::engine
