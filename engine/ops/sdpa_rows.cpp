// Rows of attention's inputs and result: to float32, transposed, and back.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/sdpa_rows.cpp"
#include "engine/simd/targets.h"
// before foreach_target.h
#include <hwy/foreach_target.h>
// after foreach_target.h
#include <algorithm>

#include "engine/ops/sdpa_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine {
namespace HWY_NAMESPACE {
namespace {

template <class T>
void load_rows(const T* src, std::int64_t src_stride, std::int64_t rows, std::int64_t columns, float* dst,
               std::int64_t dst_stride) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t row = 0; row < rows; ++row, src += src_stride, dst += dst_stride) {
    std::int64_t column = 0;
    for (; column + lanes <= columns; column += lanes)
      hn::StoreU(load_floats(d, src + column), d, dst + column);
    for (; column < columns; ++column) dst[column] = static_cast<float>(src[column]);
    for (; column < dst_stride; ++column) dst[column] = 0;
  }
}

void load(Dtype dtype, const std::byte* src, std::int64_t src_stride, std::int64_t rows, std::int64_t columns,
          float* dst, std::int64_t dst_stride) {
  if (dtype == Dtype::bfloat16)
    load_rows(reinterpret_cast<const BFloat16*>(src), src_stride, rows, columns, dst, dst_stride);
  else if (dtype == Dtype::float16)
    load_rows(reinterpret_cast<const Float16*>(src), src_stride, rows, columns, dst, dst_stride);
  else
    load_rows(reinterpret_cast<const float*>(src), src_stride, rows, columns, dst, dst_stride);
}

/// Row pairs interleaved: the even row in the lower half of each word.
void load_paired_rows(Dtype, const std::byte* src, std::int64_t src_stride, std::int64_t rows,
                      std::int64_t columns, float* dst, std::int64_t dst_stride) {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::Rebind<std::uint16_t, decltype(d)> narrow;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto* even = reinterpret_cast<const std::uint16_t*>(src);
  auto* words = reinterpret_cast<std::uint32_t*>(dst);
  for (std::int64_t row = 0; row < rows; row += 2, even += 2 * src_stride, words += dst_stride) {
    const bool odd_exists = row + 1 < rows;
    const std::uint16_t* odd = odd_exists ? even + src_stride : even;
    const std::uint32_t odd_mask = odd_exists ? 0xffff0000U : 0;
    std::int64_t column = 0;
    for (; column + lanes <= columns; column += lanes) {
      const auto low = hn::PromoteTo(d, hn::LoadU(narrow, even + column));
      const auto high = hn::ShiftLeft<16>(hn::PromoteTo(d, hn::LoadU(narrow, odd + column)));
      hn::StoreU(hn::Or(low, hn::And(high, hn::Set(d, odd_mask))), d, words + column);
    }
    for (; column < columns; ++column) {
      words[column] = even[column] | ((static_cast<std::uint32_t>(odd[column]) << 16U) & odd_mask);
    }
    for (; column < dst_stride; ++column) words[column] = 0;
  }
}

constexpr std::int64_t side = 4;  // of the blocks that are transposed in registers

HWY_INLINE void transpose_block(const float* src, std::int64_t src_stride, float* dst,
                                std::int64_t dst_stride) {
#if HWY_TARGET == HWY_SCALAR
  for (std::int64_t row = 0; row < side; ++row) {
    for (std::int64_t column = 0; column < side; ++column) {
      dst[column * dst_stride + row] = src[row * src_stride + column];
    }
  }
#else
  const hn::Full128<float> d;
  const hn::Full128<double> pairs;
  const auto a = hn::LoadU(d, src);
  const auto b = hn::LoadU(d, src + src_stride);
  const auto c = hn::LoadU(d, src + 2 * src_stride);
  const auto e = hn::LoadU(d, src + 3 * src_stride);
  const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
  const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
  const auto ce_low = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
  const auto ce_high = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, ce_low)), d, dst);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, ce_low)), d, dst + dst_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, ce_high)), d, dst + 2 * dst_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, ce_high)), d, dst + 3 * dst_stride);
#endif
}

void transpose(const float* src, std::int64_t src_stride, std::int64_t rows, std::int64_t columns, float* dst,
               std::int64_t dst_stride) {
  const std::int64_t whole_rows = rows / side * side;
  const std::int64_t whole_columns = columns / side * side;
  for (std::int64_t row = 0; row < whole_rows; row += side) {
    for (std::int64_t column = 0; column < whole_columns; column += side) {
      transpose_block(src + row * src_stride + column, src_stride, dst + column * dst_stride + row,
                      dst_stride);
    }
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = row < whole_rows ? whole_columns : 0; column < columns; ++column) {
      dst[column * dst_stride + row] = src[row * src_stride + column];
    }
  }
}

template <class T>
void store_row(const float* src, std::int64_t columns, float factor, T* dst) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const Vector factors = hn::Set(d, factor);
  std::int64_t column = 0;
  for (; column + lanes <= columns; column += lanes) {
    store_floats(d, hn::Mul(hn::LoadU(d, src + column), factors), dst + column);
  }
  for (; column < columns; ++column) dst[column] = T(src[column] * factor);
}

void store(const float* src, std::int64_t columns, float factor, Dtype dtype, std::byte* dst) {
  if (dtype == Dtype::bfloat16)
    store_row(src, columns, factor, reinterpret_cast<BFloat16*>(dst));
  else if (dtype == Dtype::float16)
    store_row(src, columns, factor, reinterpret_cast<Float16*>(dst));
  else
    store_row(src, columns, factor, reinterpret_cast<float*>(dst));
}

RowKernels kernels() {
  return {.load = load, .load_paired_rows = load_paired_rows, .transpose = transpose, .store = store};
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace bv2::engine
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(kernels);

RowKernels row_kernels() { return HWY_DYNAMIC_DISPATCH(kernels)(); }

}  // namespace bv2::engine
#endif
