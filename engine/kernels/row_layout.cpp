// Rows of x in the order in which a product with panels reads them. Compiled once for each target.
#include "engine/kernels/row_layout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/row_layout.cpp"
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format off
#include "engine/simd/float_vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

/// Depths [begin, end) of one row to to[0], to[stride], ..
template <class T>
HWY_INLINE void spread_row(const T* row, std::int64_t begin, std::int64_t end, std::int64_t stride,
                           float* to) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t k = begin;
  if (stride == 1) {
    for (; k + lanes <= end; k += lanes) hn::StoreU(load_floats(d, row + k), d, to + (k - begin));
  }
  alignas(64) float wide[hn::MaxLanes(FloatTag())];
  for (; k < end; k += lanes) {
    const std::int64_t count = std::min(lanes, end - k);
    const bool is_whole = count == lanes;
    hn::Store(
        is_whole ? load_floats(d, row + k) : load_some_floats(d, row + k, static_cast<std::size_t>(count)), d,
        wide);
    for (std::int64_t lane = 0; lane < count; ++lane) to[(k - begin + lane) * stride] = wide[lane];
  }
}

#if HWY_TARGET == HWY_SCALAR
template <class T>
std::int64_t interleave_rows(const T*, std::int64_t, std::int64_t begin, std::int64_t, float*) {
  return begin;
}
#else
/// As spread_row, for a whole strip's rows, `row_stride` apart, to to [depths][strip_rows], and in about a
/// third of its time; returns the depth from which on they are left.
template <class T>
HWY_INLINE std::int64_t interleave_rows(const T* rows, std::int64_t row_stride, std::int64_t begin,
                                        std::int64_t end, float* to) {
  const hn::CappedTag<float, 4> d;
  const hn::Repartition<std::uint64_t, decltype(d)> pairs;
  static_assert(RowLayout::strip_rows == 6);
  std::int64_t k = begin;
  for (; k + 4 <= end; k += 4) {
    hn::Vec<decltype(pairs)> lower[3];
    hn::Vec<decltype(pairs)> upper[3];
    for (int i = 0; i < 3; ++i) {
      const auto even = load_floats(d, rows + (2 * i) * row_stride + k);
      const auto odd = load_floats(d, rows + (2 * i + 1) * row_stride + k);
      lower[i] = hn::BitCast(pairs, hn::InterleaveLower(d, even, odd));
      upper[i] = hn::BitCast(pairs, hn::InterleaveUpper(d, even, odd));
    }
    auto* at = reinterpret_cast<std::uint64_t*>(to + (k - begin) * RowLayout::strip_rows);
    hn::StoreInterleaved3(lower[0], lower[1], lower[2], pairs, at);
    hn::StoreInterleaved3(upper[0], upper[1], upper[2], pairs, at + RowLayout::strip_rows);
  }
  return k;
}
#endif

template <class T>
void lay_out_of(const std::byte* from, const RowLayout& layout, std::int64_t begin, std::int64_t end,
                float* to) {
  const T* x = reinterpret_cast<const T*>(from);
  for (std::int64_t strip = begin; strip < end; ++strip) {
    const std::int64_t first = strip * RowLayout::strip_rows;
    const RowTile tile = layout.tile(first / layout.tile_rows());
    const std::int64_t count = std::min(RowLayout::strip_rows, tile.first + tile.rows - first);
    const T* rows = x + first * layout.depth;
    for (std::int64_t k = 0; k < layout.depth; k += RowLayout::depth_block) {
      const std::int64_t k_end = std::min(layout.depth, k + RowLayout::depth_block);
      float* at = to + layout.offset(tile, first - tile.first, k, k_end);
      std::int64_t rest = k;
      if (count == RowLayout::strip_rows) rest = interleave_rows(rows, layout.depth, k, k_end, at);
      for (std::int64_t r = 0; r < count; ++r)
        spread_row(rows + r * layout.depth, rest, k_end, count, at + (rest - k) * count + r);
    }
  }
}

void lay_out_any(Dtype dtype, const std::byte* rows, const RowLayout& layout, std::int64_t begin,
                 std::int64_t end, float* to) {
  if (dtype == Dtype::float32) lay_out_of<float>(rows, layout, begin, end, to);
  if (dtype == Dtype::bfloat16) lay_out_of<BFloat16>(rows, layout, begin, end, to);
  if (dtype == Dtype::float16) lay_out_of<Float16>(rows, layout, begin, end, to);
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(lay_out_any);

void lay_out_strips(Dtype dtype, const std::byte* rows, const RowLayout& layout, std::int64_t begin,
                    std::int64_t end, float* to) {
  HWY_DYNAMIC_DISPATCH(lay_out_any)(dtype, rows, layout, begin, end, to);
}

}  // namespace bv2::engine
#endif
