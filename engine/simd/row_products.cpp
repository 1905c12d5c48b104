// Products with few rows. Compiled once for each target.
#include "engine/simd/row_products.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/simd/row_products.cpp"
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format off
#include "engine/simd/float_vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

using FloatVec = hn::Vec<FloatTag>;

// Four rows share each load of b; with two vectors each they make the eight chains that hide the latency of
// FMA.
constexpr std::int64_t rows_at_once = 4;

/// out[r][column] = a[r] . b[column] where b's column is contiguous: Rows dot products over one pass of it.
template <int Rows, class T>
HWY_INLINE void dot_column(const RowProduct& p, std::int64_t row, std::int64_t column) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* HWY_RESTRICT b = static_cast<const T*>(p.b) + column * p.b_column_stride;
  const float* HWY_RESTRICT a = p.a + row * p.depth;
  FloatVec even[Rows];
  FloatVec odd[Rows];
  for (int r = 0; r < Rows; ++r) even[r] = odd[r] = hn::Zero(d);
  std::int64_t k = 0;
  for (; k + 2 * lanes <= p.depth; k += 2 * lanes) {
    const FloatVec b0 = load_floats(d, b + k);
    const FloatVec b1 = load_floats(d, b + k + lanes);
    for (int r = 0; r < Rows; ++r) {
      even[r] = hn::MulAdd(hn::LoadU(d, a + r * p.depth + k), b0, even[r]);
      odd[r] = hn::MulAdd(hn::LoadU(d, a + r * p.depth + k + lanes), b1, odd[r]);
    }
  }
  for (; k < p.depth; k += lanes) {
    const auto left = static_cast<std::size_t>(std::min(lanes, p.depth - k));
    const bool whole = left == hn::Lanes(d);
    const FloatVec b0 = whole ? load_floats(d, b + k) : load_some_floats(d, b + k, left);
    for (int r = 0; r < Rows; ++r) {
      const float* from = a + r * p.depth + k;
      even[r] = hn::MulAdd(whole ? hn::LoadU(d, from) : load_some_floats(d, from, left), b0, even[r]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    const float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even[r], odd[r])));
    static_cast<T*>(p.out)[(row + r) * p.out_row_stride + column] = T(sum);
  }
}

/// out[r][column ..] = sum over k of a[r][k] * b[k][column ..] where b's row is contiguous: Vectors vectors
/// of columns.
template <int Rows, int Vectors, class T>
HWY_INLINE void accumulate_columns(const RowProduct& p, std::int64_t row, std::int64_t column,
                                   std::int64_t width) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* HWY_RESTRICT b = static_cast<const T*>(p.b) + column;
  const float* HWY_RESTRICT a = p.a + row * p.depth;
  const bool whole = width == Vectors * lanes;
  FloatVec sums[Rows][Vectors];
  for (auto& of_row : sums) {
    for (FloatVec& sum : of_row) sum = hn::Zero(d);
  }
  const auto left = [&](int v) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(width - v * lanes, 0, lanes));
  };
  for (std::int64_t k = 0; k < p.depth; ++k, b += p.b_depth_stride) {
    for (int v = 0; v < Vectors; ++v) {
      const FloatVec from_b =
          whole ? load_floats(d, b + v * lanes) : load_some_floats(d, b + v * lanes, left(v));
      for (int r = 0; r < Rows; ++r)
        sums[r][v] = hn::MulAdd(hn::Set(d, a[r * p.depth + k]), from_b, sums[r][v]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    T* out = static_cast<T*>(p.out) + (row + r) * p.out_row_stride + column;
    for (int v = 0; v < Vectors; ++v) {
      if (whole)
        store_floats(d, sums[r][v], out + v * lanes);
      else
        store_some_floats(d, sums[r][v], out + v * lanes, left(v));
    }
  }
}

template <int Rows, class T>
void multiply_row_block(const RowProduct& p, std::int64_t row, std::int64_t begin, std::int64_t end) {
  if (p.b_depth_stride == 1 && p.b_column_stride != 1) {
    for (std::int64_t column = begin; column < end; ++column) dot_column<Rows, T>(p, row, column);
    return;
  }
  constexpr int vectors = 4;
  const auto step = vectors * static_cast<std::int64_t>(hn::Lanes(FloatTag()));
  for (std::int64_t column = begin; column < end; column += step) {
    accumulate_columns<Rows, vectors, T>(p, row, column, std::min(step, end - column));
  }
}

template <class T>
void multiply_all_rows(const RowProduct& p, std::int64_t begin, std::int64_t end) {
  std::int64_t row = 0;
  for (; row + rows_at_once <= p.rows; row += rows_at_once)
    multiply_row_block<rows_at_once, T>(p, row, begin, end);
  if (p.rows - row == 3) multiply_row_block<3, T>(p, row, begin, end);
  if (p.rows - row == 2) multiply_row_block<2, T>(p, row, begin, end);
  if (p.rows - row == 1) multiply_row_block<1, T>(p, row, begin, end);
}

void multiply_rows(const RowProduct& p, std::int64_t begin, std::int64_t end) {
  if (p.dtype == Dtype::float32) multiply_all_rows<float>(p, begin, end);
  if (p.dtype == Dtype::bfloat16) multiply_all_rows<BFloat16>(p, begin, end);
  if (p.dtype == Dtype::float16) multiply_all_rows<Float16>(p, begin, end);
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(multiply_rows);

void multiply_rows(const RowProduct& product, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(multiply_rows)(product, begin, end);
}

}  // namespace bv2::engine
#endif
