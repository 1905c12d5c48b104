// Matrix products by oneDNN, each shape prepared once.
#pragma once

#include <cstdint>
#include <memory>

#include "base/dtype.h"

namespace bv2::engine {

/// out[batch, rows, columns] = a[batch, rows, depth] b[batch, depth, columns]; accumulated in float32.
/// Strides count elements. out is row-major.
struct MatmulShape {
  Dtype dtype = Dtype::float32;
  std::int64_t batch = 1;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t depth = 0;
  std::int64_t a_batch_stride = 0;
  std::int64_t a_row_stride = 0;
  std::int64_t a_depth_stride = 1;
  std::int64_t b_batch_stride = 0;
  std::int64_t b_depth_stride = 0;
  std::int64_t b_column_stride = 1;
  friend auto operator<=>(const MatmulShape&, const MatmulShape&) = default;
};

/// Keeps the primitives that it made. One thread at a time; the products themselves use OpenMP's threads.
class OneDnnMatmul {
 public:
  OneDnnMatmul();
  ~OneDnnMatmul();
  OneDnnMatmul(const OneDnnMatmul&) = delete;
  OneDnnMatmul& operator=(const OneDnnMatmul&) = delete;

  /// Whether this machine's oneDNN multiplies that dtype (bfloat16 needs AVX-512, float16 is not there at
  /// all).
  [[nodiscard]] bool supports(Dtype dtype) const;
  void multiply(const MatmulShape& shape, const void* a, const void* b, void* out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bv2::engine
