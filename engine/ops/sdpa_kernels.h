// The vectorised steps that the sdpa paths are put together from, chosen at run time for the machine.
// Everything is float32; `rows` are query rows (a token of one head).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace bv2::engine {

/// Keys [first, last) that a query row sees.
struct KeyRange {
  std::int32_t first = 0;
  std::int32_t last = 0;
};

/// What becomes of q.k before the softmax, in units of log2 so that exp2 suffices: q.k * inner, or
/// tanh(q.k * inner) * outer with a softcap.
struct ScoreTransform {
  float inner = 1;
  float outer = 0;  ///< 0: no softcap
};

/// c[i][lane] (+)= sum over steps j of a[i * a_row + j * a_step] * b[j * b_stride + lane], for i < rows (a
/// multiple of RowLaneKernels::product_rows) and `vectors` vectors of lanes.
struct Product {
  const float* a;
  std::int64_t a_row;
  std::int64_t a_step;
  const float* b;
  std::int64_t b_stride;
  float* c;
  std::int64_t c_stride;
  std::int64_t rows;
  std::int64_t steps;
  int vectors;
  bool accumulate;
};

/// One block of scores [keys, row lanes] that becomes exp2(score - max of the row so far). `max` and `sum` of
/// each row go on from earlier blocks, and out [columns, row lanes] is corrected for the new max.
struct RowLaneSoftmax {
  float* scores;
  std::int64_t stride;  ///< of scores and out
  std::int64_t first_key;
  std::int64_t keys;
  int vectors;
  const std::int32_t* row_first;  ///< KeyRange::first of each row
  const std::int32_t* row_last;
  KeyRange unmasked;  ///< keys that all rows see
  ScoreTransform transform;
  float* max;
  float* sum;
  float* out;
  std::int64_t columns;
};

/// One row a vector lane: what is shared by the rows (keys, values) is broadcast, nothing is reduced across
/// lanes.
struct RowLaneKernels {
  std::int64_t lanes;         ///< rows of a vector
  std::int64_t row_block;     ///< most rows of a block: the vectors that one product takes
  std::int64_t product_rows;  ///< what Product::rows is a multiple of
  void (*product)(const Product& product);
  void (*softmax)(const RowLaneSoftmax& softmax);
};
RowLaneKernels row_lane_kernels();

/// Rows in and out of float32.
struct RowKernels {
  /// Converts `columns` elements of each row to float32 and fills up with zeros to dst_stride. Strides count
  /// elements.
  void (*load)(Dtype dtype, const std::byte* src, std::int64_t src_stride, std::int64_t rows,
               std::int64_t columns, float* dst, std::int64_t dst_stride);
  /// dst[c * dst_stride + r] = src[r * src_stride + c]
  void (*transpose)(const float* src, std::int64_t src_stride, std::int64_t rows, std::int64_t columns,
                    float* dst, std::int64_t dst_stride);
  /// dst[c] = src[c] * factor, rounded to nearest even.
  void (*store)(const float* src, std::int64_t columns, float factor, Dtype dtype, std::byte* dst);
};
RowKernels row_kernels();

/// A block of keys and values against few rows. The row width is head_dim in whole vectors.
struct DecodeStep {
  Dtype dtype;  ///< of keys and values
  const std::byte* keys;
  const std::byte* values;
  std::int64_t key_stride;  ///< in elements
  std::int64_t value_stride;
  std::int64_t first_key;
  std::int64_t key_count;
  std::int64_t width;
  std::int64_t rows;
  const KeyRange* ranges;  ///< of each row
  const float* queries;    ///< [rows, width]
  ScoreTransform transform;
  float* scores;               ///< [rows, scores_stride]
  std::int64_t scores_stride;  ///< a multiple of 16, at least key_count
  float* max;                  ///< [rows], as in RowLaneSoftmax
  float* sum;
  float* out;  ///< [rows, width]
};

/// head_dim along the vector lanes: keys and values are read once, as they lie in the cache.
struct DecodeKernels {
  std::int64_t lanes;
  std::int64_t max_rows;  ///< with more rows, a row a lane is faster
  void (*step)(const DecodeStep& step);
};
DecodeKernels decode_kernels();

}  // namespace bv2::engine
