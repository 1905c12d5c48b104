// Products of a few rows with packed weights. Compiled once for each target.
#include "engine/kernels/panel_products.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/panel_products.cpp"
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format off
#include "engine/kernels/panel_tile-inl.h"
#include "engine/simd/activation-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

using FloatVec = hn::Vec<FloatTag>;

/// Where one vector of a tile's outputs is in [rows, outputs], and how many of its lanes there are.
struct Place {
  std::int64_t column;
  std::size_t count;
};

/// Calls use(place, vector index) for each vector of a panel's outputs that has any.
template <class Use>
HWY_INLINE void for_vectors(const PanelMatrix& weight, std::int64_t panel, const Use& use) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(FloatTag()));
  const std::int64_t first = panel * tile_columns;
  const std::int64_t end = std::min<std::int64_t>(weight.outputs, first + tile_columns);
  for (std::int64_t column = first; column < end; column += lanes) {
    use(Place{column, static_cast<std::size_t>(std::min(lanes, end - column))}, column - first);
  }
}

template <class T>
HWY_INLINE FloatVec load_at(const std::byte* data, std::int64_t index, std::size_t count) {
  const FloatTag d;
  const T* at = reinterpret_cast<const T*>(data) + index;
  return count == hn::Lanes(d) ? load_floats(d, at) : load_some_floats(d, at, count);
}

template <class T>
HWY_INLINE void store_at(FloatVec v, std::byte* data, std::int64_t index, std::size_t count) {
  const FloatTag d;
  T* at = reinterpret_cast<T*>(data) + index;
  if (count == hn::Lanes(d))
    store_floats(d, v, at);
  else
    store_some_floats(d, v, at, count);
}

template <class T>
HWY_INLINE FloatVec with_bias(FloatVec sum, const std::byte* bias, const Place& place) {
  return bias == nullptr ? sum : hn::Add(sum, load_at<T>(bias, place.column, place.count));
}

/// Calls use(rows of x, first row, count) for each tile's worth of rows.
template <class Use>
HWY_INLINE void for_row_blocks(const ProductInput& input, std::int64_t depth, const Use& use) {
  for (std::int64_t row = 0; row < input.rows; row += max_tile_rows) {
    use(input.x + row * depth, row,
        static_cast<int>(std::min<std::int64_t>(max_tile_rows, input.rows - row)));
  }
}

template <class T>
const T* panel_at(const PanelMatrix& weight, std::int64_t panel) {
  return reinterpret_cast<const T*>(weight.panel(panel));
}

/// A row's panels [begin, end) in pairs that are far from each other, each with its sums [2][64]; returns the
/// first panel that is left. None is taken where the registers do not hold two.
template <class T, class Use>
HWY_INLINE std::int64_t for_panel_pairs(const ProductInput& input, const PanelMatrix& weight,
                                        std::int64_t begin, std::int64_t end, const Use& use) {
  if constexpr (takes_two_panels()) {
    if (input.rows != 1) return begin;
    alignas(64) float sums[2 * tile_columns];
    const std::int64_t pairs = (end - begin) / 2;
    for (std::int64_t panel = begin; panel < begin + pairs; ++panel) {
      multiply_two_panels(input.x, weight.depth, panel_at<T>(weight, panel),
                          panel_at<T>(weight, panel + pairs), sums);
      use(panel, panel + pairs, sums);
    }
    return begin + 2 * pairs;
  } else {
    return begin;
  }
}

/// sums += bias, for the rows of a tile.
template <class T>
HWY_INLINE void add_bias(const PanelMatrix& weight, std::int64_t panel, int rows, const std::byte* bias,
                         float* sums) {
  if (bias == nullptr) return;
  const FloatTag d;
  for (int r = 0; r < rows; ++r) {
    for_vectors(weight, panel, [&](const Place& place, std::int64_t column) HWY_ATTR {
      float* at = sums + r * tile_columns + column;
      hn::StoreU(with_bias<T>(hn::LoadU(d, at), bias, place), d, at);
    });
  }
}

template <class T>
void store_linear(const LinearTarget& target, std::int64_t panel, std::int64_t row, int rows, float* sums) {
  const FloatTag d;
  if (target.activation) {
    add_bias<T>(target.weight, panel, rows, target.bias, sums);
    activate_in_place(*target.activation, sums, rows * tile_columns);
  }
  for (int r = 0; r < rows; ++r) {
    for_vectors(target.weight, panel, [&](const Place& place, std::int64_t column) HWY_ATTR {
      auto sum = hn::LoadU(d, sums + r * tile_columns + column);
      if (!target.activation) sum = with_bias<T>(sum, target.bias, place);
      const std::int64_t index = (row + r) * target.weight.outputs + place.column;
      if (target.residual != nullptr) sum = hn::Add(sum, load_at<T>(target.residual, index, place.count));
      store_at<T>(sum, target.out, index, place.count);
    });
  }
}

template <class T>
void multiply_linear_of(const ProductInput& input, const LinearTarget& target, std::int64_t begin,
                        std::int64_t end) {
  const std::int64_t rest = for_panel_pairs<T>(
      input, target.weight, begin, end, [&](std::int64_t first, std::int64_t second, float* sums) HWY_ATTR {
        store_linear<T>(target, first, 0, 1, sums);
        store_linear<T>(target, second, 0, 1, sums + tile_columns);
      });
  alignas(64) float sums[max_tile_rows * tile_columns];
  const std::int64_t depth = target.weight.depth;
  for (std::int64_t panel = rest; panel < end; ++panel) {
    for_row_blocks(input, depth, [&](const float* x, std::int64_t row, int rows) HWY_ATTR {
      multiply_panel(x, rows, depth, panel_at<T>(target.weight, panel), sums);
      store_linear<T>(target, panel, row, rows, sums);
    });
  }
}

/// gate becomes what goes through it.
template <class T>
void store_gated(const GatedTarget& target, std::int64_t panel, std::int64_t row, int rows, float* gate,
                 const float* up) {
  const FloatTag d;
  add_bias<T>(target.gate, panel, rows, target.gate_bias, gate);
  activate_in_place(target.activation, gate, rows * tile_columns);
  for (int r = 0; r < rows; ++r) {
    for_vectors(target.gate, panel, [&](const Place& place, std::int64_t column) HWY_ATTR {
      const auto opened = hn::LoadU(d, gate + r * tile_columns + column);
      const auto value = with_bias<T>(hn::LoadU(d, up + r * tile_columns + column), target.up_bias, place);
      const std::int64_t index = (row + r) * target.gate.outputs + place.column;
      store_at<T>(hn::Mul(opened, value), target.out, index, place.count);
    });
  }
}

template <class T>
void multiply_gated_of(const ProductInput& input, const GatedTarget& target, std::int64_t begin,
                       std::int64_t end) {
  const std::int64_t depth = target.gate.depth;
  if constexpr (takes_two_panels()) {
    if (input.rows == 1) {
      alignas(64) float sums[2 * tile_columns];
      for (std::int64_t panel = begin; panel < end; ++panel) {
        multiply_two_panels(input.x, depth, panel_at<T>(target.gate, panel), panel_at<T>(target.up, panel),
                            sums);
        store_gated<T>(target, panel, 0, 1, sums, sums + tile_columns);
      }
      return;
    }
  }
  alignas(64) float gate[max_tile_rows * tile_columns];
  alignas(64) float up[max_tile_rows * tile_columns];
  for (std::int64_t panel = begin; panel < end; ++panel) {
    for_row_blocks(input, depth, [&](const float* x, std::int64_t row, int rows) HWY_ATTR {
      multiply_panel(x, rows, depth, panel_at<T>(target.gate, panel), gate);
      multiply_panel(x, rows, depth, panel_at<T>(target.up, panel), up);
      store_gated<T>(target, panel, row, rows, gate, up);
    });
  }
}

/// Joins one row's outputs of a panel.
template <class T>
HWY_INLINE void join_largest(const PanelMatrix& weight, std::int64_t panel, const float* sums,
                             LargestOutput& largest) {
  const FloatTag d;
  for_vectors(weight, panel, [&](const Place& place, std::int64_t column) HWY_ATTR {
    T rounded[hn::MaxLanes(FloatTag())];
    store_floats(d, hn::LoadU(d, sums + column), rounded);
    // Few vectors hold a larger one, none where the comparison is true throughout: it is false for NaN.
    const auto values = load_floats(d, rounded);
    if (largest.index >= 0 && hn::AllTrue(d, hn::Le(values, hn::Set(d, largest.value)))) return;
    for (std::size_t lane = 0; lane < place.count; ++lane) {
      const auto value = static_cast<float>(rounded[lane]);
      if (is_larger(value, largest)) largest = {value, place.column + static_cast<std::int64_t>(lane)};
    }
  });
}

template <class T>
void join_largest_of(const ProductInput& input, const PanelMatrix& weight, std::int64_t begin,
                     std::int64_t end, LargestOutput* largest) {
  LargestOutput later;  // of the second panels, which come after all of the first
  const std::int64_t rest = for_panel_pairs<T>(
      input, weight, begin, end, [&](std::int64_t first, std::int64_t second, const float* sums) HWY_ATTR {
        join_largest<T>(weight, first, sums, *largest);
        join_largest<T>(weight, second, sums + tile_columns, later);
      });
  if (later.index >= 0 && is_larger(later.value, *largest)) *largest = later;
  alignas(64) float sums[max_tile_rows * tile_columns];
  for (std::int64_t panel = rest; panel < end; ++panel) {
    for_row_blocks(input, weight.depth, [&](const float* x, std::int64_t row, int rows) HWY_ATTR {
      multiply_panel(x, rows, weight.depth, panel_at<T>(weight, panel), sums);
      for (int r = 0; r < rows; ++r)
        join_largest<T>(weight, panel, sums + r * tile_columns, largest[row + r]);
    });
  }
}

void join_largest_any(const ProductInput& input, const PanelMatrix& weight, std::int64_t begin,
                      std::int64_t end, LargestOutput* largest) {
  if (weight.dtype == Dtype::float32) join_largest_of<float>(input, weight, begin, end, largest);
  if (weight.dtype == Dtype::bfloat16) join_largest_of<BFloat16>(input, weight, begin, end, largest);
  if (weight.dtype == Dtype::float16) join_largest_of<Float16>(input, weight, begin, end, largest);
}

void multiply_linear(const ProductInput& input, const LinearTarget& target, std::int64_t begin,
                     std::int64_t end) {
  if (target.weight.dtype == Dtype::float32) multiply_linear_of<float>(input, target, begin, end);
  if (target.weight.dtype == Dtype::bfloat16) multiply_linear_of<BFloat16>(input, target, begin, end);
  if (target.weight.dtype == Dtype::float16) multiply_linear_of<Float16>(input, target, begin, end);
}

void multiply_gated(const ProductInput& input, const GatedTarget& target, std::int64_t begin,
                    std::int64_t end) {
  if (target.gate.dtype == Dtype::float32) multiply_gated_of<float>(input, target, begin, end);
  if (target.gate.dtype == Dtype::bfloat16) multiply_gated_of<BFloat16>(input, target, begin, end);
  if (target.gate.dtype == Dtype::float16) multiply_gated_of<Float16>(input, target, begin, end);
}

template <class T>
void widen_of(const std::byte* from, std::int64_t count, float* to) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < count; i += lanes) {
    const auto left = static_cast<std::size_t>(std::min(lanes, count - i));
    const auto v = load_at<T>(from, i, left);
    if (left == hn::Lanes(d))
      hn::StoreU(v, d, to + i);
    else
      store_some_floats(d, v, to + i, left);
  }
}

void widen_any(Dtype dtype, const std::byte* from, std::int64_t count, float* to) {
  if (dtype == Dtype::float32) widen_of<float>(from, count, to);
  if (dtype == Dtype::bfloat16) widen_of<BFloat16>(from, count, to);
  if (dtype == Dtype::float16) widen_of<Float16>(from, count, to);
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(multiply_linear);
HWY_EXPORT(multiply_gated);
HWY_EXPORT(join_largest_any);
HWY_EXPORT(widen_any);

void multiply_panels(const ProductInput& input, const LinearTarget& target, std::int64_t begin,
                     std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(multiply_linear)(input, target, begin, end);
}

void multiply_panels(const ProductInput& input, const GatedTarget& target, std::int64_t begin,
                     std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(multiply_gated)(input, target, begin, end);
}

void join_largest_of_panels(const ProductInput& input, const PanelMatrix& weight, std::int64_t begin,
                            std::int64_t end, LargestOutput* largest) {
  HWY_DYNAMIC_DISPATCH(join_largest_any)(input, weight, begin, end, largest);
}

void widen(Dtype dtype, const std::byte* from, std::int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(widen_any)(dtype, from, count, to);
}

}  // namespace bv2::engine
#endif
