// The inner loop of products with packed weights: some rows of x times one panel. Compiled once for each
// target.
#include <algorithm>
#include <cstdint>

#include "engine/kernels/panels.h"
#include "hwy/highway.h"

// clang-format off
#if defined(BV2_ENGINE_KERNELS_PANEL_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BV2_ENGINE_KERNELS_PANEL_TILE_INL_H_
#undef BV2_ENGINE_KERNELS_PANEL_TILE_INL_H_
#else
#define BV2_ENGINE_KERNELS_PANEL_TILE_INL_H_
#endif
// clang-format on

#include "engine/simd/float_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

constexpr int tile_columns = static_cast<int>(PanelMatrix::panel_outputs);
/// Rows of x that one tile of sums has at most.
constexpr int max_tile_rows = 64;

/// The weights of one vector of outputs at depths k and k + 1.
struct WeightPair {
  hn::Vec<FloatTag> even;
  hn::Vec<FloatTag> odd;
};

template <class T>
HWY_INLINE WeightPair load_pair(FloatTag d, const T* panel, std::int64_t k, std::int64_t column) {
  const T* at = panel + k * tile_columns + column;
  return {load_floats(d, at), load_floats(d, at + tile_columns)};
}

// The pair is one 32-bit lane: a shift and a mask give both numbers without moving between lanes. Faster than
// the dot product of AVX512-BF16 when one row streams weights (98% of read bandwidth against 93% on Zen 4).
HWY_INLINE WeightPair load_pair(FloatTag d, const BFloat16* panel, std::int64_t k, std::int64_t column) {
  const hn::RebindToUnsigned<FloatTag> du;
  const auto* at = reinterpret_cast<const std::uint32_t*>(panel + k * tile_columns) + column;
  const auto bits = hn::LoadU(du, at);
  return {hn::BitCast(d, hn::ShiftLeft<16>(bits)), hn::BitCast(d, hn::And(bits, hn::Set(du, 0xffff0000U)))};
}

/// The last of an odd depth.
template <class T>
HWY_INLINE hn::Vec<FloatTag> load_last(FloatTag d, const T* panel, std::int64_t k, std::int64_t column) {
  return load_floats(d, panel + k * tile_columns + column);
}

HWY_INLINE hn::Vec<FloatTag> load_last(FloatTag d, const BFloat16* panel, std::int64_t k,
                                       std::int64_t column) {
  return load_pair(d, panel, k, column).even;
}

/// sums[r][column .. + Vectors vectors] (+)= sum over k in [begin, end) of x[r][k] * panel[k][column ..];
/// begin is even.
template <int Rows, int Vectors, class T>
HWY_INLINE void accumulate_block(const float* HWY_RESTRICT x, std::int64_t depth, const T* HWY_RESTRICT panel,
                                 std::int64_t begin, std::int64_t end, std::int64_t column,
                                 float* HWY_RESTRICT sums) {
  const FloatTag d;
  constexpr int lanes = hn::MaxLanes(FloatTag());
  // Four chains would wait for the latency of FMA: a row alone sums even and odd depths apart.
  constexpr int sets = Rows * Vectors < 8 ? 2 : 1;
  hn::Vec<FloatTag> sum[sets][Rows][Vectors];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) {
      sum[sets - 1][r][v] = hn::Zero(d);
      sum[0][r][v] = begin == 0 ? hn::Zero(d) : hn::LoadU(d, sums + r * tile_columns + column + v * lanes);
    }
  }
  std::int64_t k = begin;
  for (; k + 2 <= end; k += 2) {
    for (int v = 0; v < Vectors; ++v) {
      const WeightPair weights = load_pair(d, panel, k, column + v * lanes);
      for (int r = 0; r < Rows; ++r) {
        const float* at = x + r * depth + k;
        sum[0][r][v] = hn::MulAdd(weights.even, hn::Set(d, at[0]), sum[0][r][v]);
        sum[sets - 1][r][v] = hn::MulAdd(weights.odd, hn::Set(d, at[1]), sum[sets - 1][r][v]);
      }
    }
  }
  if (k < end) {
    for (int v = 0; v < Vectors; ++v) {
      const auto weights = load_last(d, panel, k, column + v * lanes);
      for (int r = 0; r < Rows; ++r)
        sum[0][r][v] = hn::MulAdd(weights, hn::Set(d, x[r * depth + k]), sum[0][r][v]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) {
      if constexpr (sets == 2) sum[0][r][v] = hn::Add(sum[0][r][v], sum[1][r][v]);
      hn::StoreU(sum[0][r][v], d, sums + r * tile_columns + column + v * lanes);
    }
  }
}

/// Vectors of outputs whose sums fit into the registers beside those of the other rows.
template <int Rows>
constexpr int vectors_at_once() {
  constexpr int lanes = hn::MaxLanes(FloatTag());
  constexpr int sums = lanes >= 16 ? 24 : 12;
  int vectors = 1;
  while (vectors * 2 * Rows <= sums && vectors * 2 * lanes <= tile_columns && vectors < 8) vectors *= 2;
  return vectors;
}

template <int Rows, class T>
void accumulate_rows(const float* x, std::int64_t depth, const T* panel, std::int64_t begin, std::int64_t end,
                     float* sums) {
  constexpr int vectors = vectors_at_once<Rows>();
  constexpr int step = vectors * static_cast<int>(hn::MaxLanes(FloatTag()));
  for (int column = 0; column < tile_columns; column += step) {
    accumulate_block<Rows, vectors, T>(x, depth, panel, begin, end, column, sums);
  }
}

/// Rows whose sums fit into the registers together.
constexpr int register_rows = 6;

template <class T>
HWY_INLINE void accumulate_some_rows(int rows, const float* x, std::int64_t depth, const T* panel,
                                     std::int64_t begin, std::int64_t end, float* sums) {
  static_assert(register_rows == 6);
  if (rows == 1) return accumulate_rows<1>(x, depth, panel, begin, end, sums);
  if (rows == 2) return accumulate_rows<2>(x, depth, panel, begin, end, sums);
  if (rows == 3) return accumulate_rows<3>(x, depth, panel, begin, end, sums);
  if (rows == 4) return accumulate_rows<4>(x, depth, panel, begin, end, sums);
  if (rows == 5) return accumulate_rows<5>(x, depth, panel, begin, end, sums);
  return accumulate_rows<6>(x, depth, panel, begin, end, sums);
}

/// sums [rows][64] = x [rows][depth] times a panel. rows is at most max_tile_rows.
template <class T>
void multiply_panel(const float* x, int rows, std::int64_t depth, const T* panel, float* sums) {
  // A block of the panel is read from memory once and then, for further rows and vectors, from the first
  // caches. One row of the widest vectors needs no second read.
  const bool in_one_pass = rows == 1 && vectors_at_once<1>() * hn::MaxLanes(FloatTag()) == tile_columns;
  const std::int64_t block = in_one_pass ? depth : 128;
  for (std::int64_t begin = 0; begin < depth; begin += block) {
    const std::int64_t end = std::min(depth, begin + block);
    for (int row = 0; row < rows; row += register_rows) {
      const int count = std::min(register_rows, rows - row);
      accumulate_some_rows(count, x + row * depth, depth, panel, begin, end, sums + row * tile_columns);
    }
  }
  if (depth == 0) std::fill_n(sums, rows * tile_columns, 0.F);
}

/// Whether two panels' sums fit into the registers together.
constexpr bool takes_two_panels() {
  return hn::MaxLanes(FloatTag()) >= 16 && vectors_at_once<1>() * hn::MaxLanes(FloatTag()) == tile_columns;
}

/// sums [2][64] = one row x [depth] times two panels that are read side by side: on Zen 5 one stream of
/// weights reaches 78% to 85% of the read bandwidth and two far from each other 88% to 97%. Each sum adds as
/// multiply_panel does, so that it does not matter which panels meet.
template <class T>
void multiply_two_panels(const float* HWY_RESTRICT x, std::int64_t depth, const T* HWY_RESTRICT first,
                         const T* HWY_RESTRICT second, float* HWY_RESTRICT sums) {
  const FloatTag d;
  constexpr int lanes = hn::MaxLanes(FloatTag());
  constexpr int vectors = tile_columns / lanes;
  hn::Vec<FloatTag> even[2][vectors];
  hn::Vec<FloatTag> odd[2][vectors];
  for (int p = 0; p < 2; ++p) {
    for (int v = 0; v < vectors; ++v) even[p][v] = odd[p][v] = hn::Zero(d);
  }
  std::int64_t k = 0;
  for (; k + 2 <= depth; k += 2) {
    const auto x_even = hn::Set(d, x[k]);
    const auto x_odd = hn::Set(d, x[k + 1]);
    for (int p = 0; p < 2; ++p) {
      for (int v = 0; v < vectors; ++v) {
        const WeightPair weights = load_pair(d, p == 0 ? first : second, k, v * lanes);
        even[p][v] = hn::MulAdd(weights.even, x_even, even[p][v]);
        odd[p][v] = hn::MulAdd(weights.odd, x_odd, odd[p][v]);
      }
    }
  }
  for (int p = 0; p < 2; ++p) {
    for (int v = 0; v < vectors; ++v) {
      if (k < depth) {
        const auto weights = load_last(d, p == 0 ? first : second, k, v * lanes);
        even[p][v] = hn::MulAdd(weights, hn::Set(d, x[k]), even[p][v]);
      }
      hn::StoreU(hn::Add(even[p][v], odd[p][v]), d, sums + p * tile_columns + v * lanes);
    }
  }
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // BV2_ENGINE_KERNELS_PANEL_TILE_INL_H_
