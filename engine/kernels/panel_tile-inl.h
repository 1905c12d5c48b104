// The inner loop of products with packed weights: some rows of x times one panel. Compiled once for each
// target.
#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/kernels/panels.h"
#include "engine/kernels/row_layout.h"
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

/// Those of one vector of outputs at depth k, which is even.
template <class T>
HWY_INLINE hn::Vec<FloatTag> load_even(FloatTag d, const T* panel, std::int64_t k, std::int64_t column) {
  return load_floats(d, panel + k * tile_columns + column);
}

HWY_INLINE hn::Vec<FloatTag> load_even(FloatTag d, const BFloat16* panel, std::int64_t k,
                                       std::int64_t column) {
  return load_pair(d, panel, k, column).even;
}

/// And at depth k + 1.
template <class T>
HWY_INLINE hn::Vec<FloatTag> load_odd(FloatTag d, const T* panel, std::int64_t k, std::int64_t column) {
  return load_floats(d, panel + (k + 1) * tile_columns + column);
}

// Two shifts: the mask would be the seventeenth register of six rows on AVX2, and GCC would keep sums in
// memory.
HWY_INLINE hn::Vec<FloatTag> load_odd(FloatTag d, const BFloat16* panel, std::int64_t k,
                                      std::int64_t column) {
  const hn::RebindToUnsigned<FloatTag> du;
  const auto bits = hn::LoadU(du, reinterpret_cast<const std::uint32_t*>(panel + k * tile_columns) + column);
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::ShiftRight<16>(bits)));
}

/// What was read from memory stays read before this, once: neither are a pair's bits kept for its second
/// number, which would cost the registers of two sums, nor is a vector of weights read again for each row.
HWY_INLINE void loads_stay_before() { asm volatile("" ::: "memory"); }

/// sums[p][r][column .. + Vectors vectors] (+)= sum over k in [begin, end) of x[k - begin][r] *
/// panels[p][k][column ..]; begin is even. x [end - begin][Rows]: one strip's part of a block (RowLayout).
/// What a sum adds, and in which order, does not depend on the other panels.
template <int Rows, int Vectors, std::size_t Panels, class T>
HWY_INLINE void accumulate_block(const float* HWY_RESTRICT x, const std::array<const T*, Panels>& panels,
                                 std::int64_t begin, std::int64_t end, std::int64_t column,
                                 float* HWY_RESTRICT sums) {
  const FloatTag d;
  constexpr int lanes = hn::MaxLanes(FloatTag());
  constexpr int all = static_cast<int>(Panels) * Vectors;
  const auto panel_of = [&](int v) { return panels[static_cast<std::size_t>(v / Vectors)]; };
  const auto column_of = [&](int v) { return column + v % Vectors * lanes; };
  const auto place_of = [&](int r, int v) {
    return sums + (v / Vectors * Rows + r) * tile_columns + column_of(v);
  };
  // Four chains would wait for the latency of FMA: a row alone sums even and odd depths apart.
  constexpr int sets = Rows * Vectors < 8 ? 2 : 1;
  hn::Vec<FloatTag> sum[sets][Rows][all];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < all; ++v) {
      sum[sets - 1][r][v] = hn::Zero(d);
      sum[0][r][v] = begin == 0 ? hn::Zero(d) : hn::LoadU(d, place_of(r, v));
    }
  }
  const auto add = [&](auto& to, const hn::Vec<FloatTag>* weights) HWY_ATTR {
    if constexpr (Rows > 1) loads_stay_before();
    for (int r = 0; r < Rows; ++r) {
      const auto value = hn::Set(d, x[r]);
      for (int v = 0; v < all; ++v) to[r][v] = hn::MulAdd(weights[v], value, to[r][v]);
    }
    x += Rows;
  };
  hn::Vec<FloatTag> weights[all];
  std::int64_t k = begin;
  for (; k + 2 <= end; k += 2) {
    if constexpr (Rows == 1) {  // uses its weights once: a pair at a time, so that few registers hold them
      for (int v = 0; v < all; ++v) {
        const WeightPair pair = load_pair(d, panel_of(v), k, column_of(v));
        sum[0][0][v] = hn::MulAdd(pair.even, hn::Set(d, x[0]), sum[0][0][v]);
        sum[sets - 1][0][v] = hn::MulAdd(pair.odd, hn::Set(d, x[1]), sum[sets - 1][0][v]);
      }
      x += 2;
    } else {
      for (int v = 0; v < all; ++v) weights[v] = load_even(d, panel_of(v), k, column_of(v));
      add(sum[0], weights);
      for (int v = 0; v < all; ++v) weights[v] = load_odd(d, panel_of(v), k, column_of(v));
      add(sum[sets - 1], weights);
    }
  }
  if (k < end) {
    for (int v = 0; v < all; ++v) weights[v] = load_even(d, panel_of(v), k, column_of(v));
    add(sum[0], weights);
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < all; ++v) {
      if constexpr (sets == 2) sum[0][r][v] = hn::Add(sum[0][r][v], sum[1][r][v]);
      hn::StoreU(sum[0][r][v], d, place_of(r, v));
    }
  }
}

/// Vectors of outputs whose sums fit into the registers, beside the weights, which a row alone does not keep,
/// and a number of x.
template <int Rows>
constexpr int vectors_at_once() {
  constexpr int lanes = hn::MaxLanes(FloatTag());
  constexpr int registers = lanes >= 16 || HWY_ARCH_ARM_A64 ? 32 : 16;
  const auto fit = [](int vectors) {
    return vectors * lanes <= tile_columns && vectors <= 8 &&
           Rows * vectors + (Rows > 1 ? vectors : 1) + 1 <= registers;
  };
  int vectors = 1;
  while (fit(vectors * 2)) vectors *= 2;
  return vectors;
}

template <int Rows, class T>
void accumulate_strip(const float* x, const T* panel, std::int64_t begin, std::int64_t end, float* sums) {
  constexpr int vectors = vectors_at_once<Rows>();
  constexpr int step = vectors * static_cast<int>(hn::MaxLanes(FloatTag()));
  for (int column = 0; column < tile_columns; column += step) {
    accumulate_block<Rows, vectors, 1, T>(x, {panel}, begin, end, column, sums);
  }
}

template <class T>
HWY_INLINE void accumulate_rows(std::int64_t rows, const float* x, const T* panel, std::int64_t begin,
                                std::int64_t end, float* sums) {
  static_assert(RowLayout::strip_rows == 6);
  if (rows == 1) return accumulate_strip<1>(x, panel, begin, end, sums);
  if (rows == 2) return accumulate_strip<2>(x, panel, begin, end, sums);
  if (rows == 3) return accumulate_strip<3>(x, panel, begin, end, sums);
  if (rows == 4) return accumulate_strip<4>(x, panel, begin, end, sums);
  if (rows == 5) return accumulate_strip<5>(x, panel, begin, end, sums);
  return accumulate_strip<6>(x, panel, begin, end, sums);
}

/// sums [tile.rows][64] = a tile of x times a panel.
template <class T>
void multiply_panel(const float* x, const RowLayout& layout, const RowTile& tile, const T* panel,
                    float* sums) {
  // One row of the widest vectors reads nothing twice.
  const bool in_one_pass =
      layout.rows == 1 && vectors_at_once<1>() * hn::MaxLanes(FloatTag()) == tile_columns;
  const std::int64_t block = in_one_pass ? layout.depth : RowLayout::depth_block;
  for (std::int64_t begin = 0; begin < layout.depth; begin += block) {
    const std::int64_t end = std::min(layout.depth, begin + block);
    for (std::int64_t row = 0; row < tile.rows; row += RowLayout::strip_rows) {
      const std::int64_t count = std::min(RowLayout::strip_rows, tile.rows - row);
      accumulate_rows(count, x + layout.offset(tile, row, begin, end), panel, begin, end,
                      sums + row * tile_columns);
    }
  }
  if (layout.depth == 0) std::fill_n(sums, tile.rows * tile_columns, 0.F);
}

/// Panels that one row is multiplied with side by side, streams of weights that are far from each other: of
/// the read bandwidth one stream reaches 78% to 85% on Zen 5 and two 88% to 97%; on Zen 3 four give 11% to
/// 16% more than one.
constexpr std::size_t panels_side_by_side() {
  if (vectors_at_once<1>() * hn::MaxLanes(FloatTag()) != tile_columns) return 1;
  return hn::MaxLanes(FloatTag()) >= 16 ? 2 : 4;
}

/// sums [Panels][64] = one row x [depth] times panels that are read side by side, to the same bits as one
/// alone.
template <std::size_t Panels, class T>
void multiply_side_by_side(const float* x, std::int64_t depth, const std::array<const T*, Panels>& panels,
                           float* sums) {
  constexpr int lanes = hn::MaxLanes(FloatTag());
  constexpr int vectors = tile_columns / lanes;
  if constexpr (lanes >= 16) {
    accumulate_block<1, vectors, Panels, T>(x, panels, 0, depth, 0, sums);
  } else {
    // The registers hold the sums of one: they take turns, two depths each. Turns of 8 gave less.
    const auto take_turns = [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
      for (std::size_t p = 0; p < Panels; ++p)
        accumulate_block<1, vectors, 1, T>(x + begin, {panels[p]}, begin, end, 0, sums + p * tile_columns);
    };
    std::int64_t k = 0;
    for (; k + 2 <= depth; k += 2) take_turns(k, k + 2);
    if (k < depth) take_turns(k, depth);
    if (depth == 0) std::fill_n(sums, Panels * tile_columns, 0.F);
  }
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // BV2_ENGINE_KERNELS_PANEL_TILE_INL_H_
