// Products of rows with packed weights. Compiled once for each target.
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

template <class T>
const T* panel_at(const PanelMatrix& weight, std::int64_t panel) {
  return reinterpret_cast<const T*>(weight.panel(panel));
}

/// Calls use(panel, tile) for the tasks [begin, end): a panel's tiles follow each other.
template <class Use>
HWY_INLINE void for_tasks(const RowLayout& layout, std::int64_t begin, std::int64_t end, const Use& use) {
  const std::int64_t tiles = layout.tiles();
  for (std::int64_t task = begin; task < end; ++task) use(task / tiles, layout.tile(task % tiles));
}

/// A row's panels [begin, end) in streams that are read side by side: use(stream, panel, sums [64]). Each
/// stream's panels come before those of the next one. Returns the first panel that is left.
template <class T, class Use>
HWY_INLINE std::int64_t for_streams(const ProductInput& input, const PanelMatrix& weight, std::int64_t begin,
                                    std::int64_t end, const Use& use) {
  constexpr std::size_t streams = panels_side_by_side();
  if (streams == 1 || input.rows != 1) return begin;
  alignas(64) float sums[streams * tile_columns];
  std::array<const T*, streams> panels;
  const std::int64_t length = (end - begin) / static_cast<std::int64_t>(streams);
  const auto panel_of = [&](std::size_t stream, std::int64_t i) {
    return begin + static_cast<std::int64_t>(stream) * length + i;
  };
  for (std::int64_t i = 0; i < length; ++i) {
    for (std::size_t s = 0; s < streams; ++s) panels[s] = panel_at<T>(weight, panel_of(s, i));
    multiply_side_by_side<streams, T>(input.x, weight.depth, panels, sums);
    for (std::size_t s = 0; s < streams; ++s) use(s, panel_of(s, i), sums + s * tile_columns);
  }
  return panel_of(streams, 0);
}

/// sums += bias, for the rows of a tile.
template <class T>
HWY_INLINE void add_bias(const PanelMatrix& weight, std::int64_t panel, std::int64_t rows,
                         const std::byte* bias, float* sums) {
  if (bias == nullptr) return;
  const FloatTag d;
  for (std::int64_t r = 0; r < rows; ++r) {
    for_vectors(weight, panel, [&](const Place& place, std::int64_t column) HWY_ATTR {
      float* at = sums + r * tile_columns + column;
      hn::StoreU(with_bias<T>(hn::LoadU(d, at), bias, place), d, at);
    });
  }
}

template <class T>
void store_linear(const LinearTarget& target, std::int64_t panel, const RowTile& tile, float* sums) {
  const FloatTag d;
  if (target.activation) {
    add_bias<T>(target.weight, panel, tile.rows, target.bias, sums);
    activate_in_place(*target.activation, sums, tile.rows * tile_columns);
  }
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    for_vectors(target.weight, panel, [&](const Place& place, std::int64_t column) HWY_ATTR {
      auto sum = hn::LoadU(d, sums + r * tile_columns + column);
      if (!target.activation) sum = with_bias<T>(sum, target.bias, place);
      const std::int64_t index = (tile.first + r) * target.weight.outputs + place.column;
      if (target.residual != nullptr) sum = hn::Add(sum, load_at<T>(target.residual, index, place.count));
      store_at<T>(sum, target.out, index, place.count);
    });
  }
}

constexpr RowTile only_row{.first = 0, .rows = 1};

template <class T>
void multiply_linear_of(const ProductInput& input, const LinearTarget& target, std::int64_t begin,
                        std::int64_t end) {
  const std::int64_t rest = for_streams<T>(input, target.weight, begin, end,
                                           [&](std::size_t, std::int64_t panel, float* row)
                                               HWY_ATTR { store_linear<T>(target, panel, only_row, row); });
  alignas(64) float sums[RowLayout::max_tile_rows * tile_columns];
  const RowLayout layout{.rows = input.rows, .depth = target.weight.depth};
  for_tasks(layout, rest, end, [&](std::int64_t panel, const RowTile& tile) HWY_ATTR {
    multiply_panel(input.x, layout, tile, panel_at<T>(target.weight, panel), sums);
    store_linear<T>(target, panel, tile, sums);
  });
}

/// gate becomes what goes through it.
template <class T>
void store_gated(const GatedTarget& target, std::int64_t panel, const RowTile& tile, float* gate,
                 const float* up) {
  const FloatTag d;
  add_bias<T>(target.gate, panel, tile.rows, target.gate_bias, gate);
  activate_in_place(target.activation, gate, tile.rows * tile_columns);
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    for_vectors(target.gate, panel, [&](const Place& place, std::int64_t column) HWY_ATTR {
      const auto opened = hn::LoadU(d, gate + r * tile_columns + column);
      const auto value = with_bias<T>(hn::LoadU(d, up + r * tile_columns + column), target.up_bias, place);
      const std::int64_t index = (tile.first + r) * target.gate.outputs + place.column;
      store_at<T>(hn::Mul(opened, value), target.out, index, place.count);
    });
  }
}

/// One row's panels [begin, begin + pairs * length) in `pairs` streams, each panel's gate beside its up.
template <std::size_t pairs, class T>
void multiply_gated_row(const ProductInput& input, const GatedTarget& target, std::int64_t begin,
                        std::int64_t length) {
  alignas(64) float sums[2 * pairs * tile_columns];
  std::array<const T*, 2 * pairs> panels;
  for (std::int64_t i = begin; i < begin + length; ++i) {
    for (std::size_t p = 0; p < pairs; ++p) {
      const std::int64_t panel = i + static_cast<std::int64_t>(p) * length;
      panels[2 * p] = panel_at<T>(target.gate, panel);
      panels[2 * p + 1] = panel_at<T>(target.up, panel);
    }
    multiply_side_by_side<2 * pairs, T>(input.x, target.gate.depth, panels, sums);
    for (std::size_t p = 0; p < pairs; ++p) {
      float* gate = sums + 2 * p * tile_columns;
      store_gated<T>(target, i + static_cast<std::int64_t>(p) * length, only_row, gate, gate + tile_columns);
    }
  }
}

template <class T>
void multiply_gated_of(const ProductInput& input, const GatedTarget& target, std::int64_t begin,
                       std::int64_t end) {
  constexpr std::size_t pairs = panels_side_by_side() / 2;
  if constexpr (pairs > 0) {
    if (input.rows == 1) {
      const std::int64_t length = (end - begin) / static_cast<std::int64_t>(pairs);
      multiply_gated_row<pairs, T>(input, target, begin, length);
      const std::int64_t rest = begin + static_cast<std::int64_t>(pairs) * length;
      return multiply_gated_row<1, T>(input, target, rest, end - rest);
    }
  }
  alignas(64) float gate[RowLayout::max_tile_rows * tile_columns];
  alignas(64) float up[RowLayout::max_tile_rows * tile_columns];
  const RowLayout layout{.rows = input.rows, .depth = target.gate.depth};
  for_tasks(layout, begin, end, [&](std::int64_t panel, const RowTile& tile) HWY_ATTR {
    multiply_panel(input.x, layout, tile, panel_at<T>(target.gate, panel), gate);
    multiply_panel(input.x, layout, tile, panel_at<T>(target.up, panel), up);
    store_gated<T>(target, panel, tile, gate, up);
  });
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
  std::array<LargestOutput, panels_side_by_side()> of_stream;
  const std::int64_t rest = for_streams<T>(
      input, weight, begin, end, [&](std::size_t stream, std::int64_t panel, const float* row) HWY_ATTR {
        join_largest<T>(weight, panel, row, of_stream[stream]);
      });
  for (const LargestOutput& found : of_stream) {
    if (found.index >= 0 && is_larger(found.value, *largest)) *largest = found;
  }
  alignas(64) float sums[RowLayout::max_tile_rows * tile_columns];
  const RowLayout layout{.rows = input.rows, .depth = weight.depth};
  for_tasks(layout, rest * layout.tiles(), end * layout.tiles(),
            [&](std::int64_t panel, const RowTile& tile) HWY_ATTR {
              multiply_panel(input.x, layout, tile, panel_at<T>(weight, panel), sums);
              for (std::int64_t r = 0; r < tile.rows; ++r)
                join_largest<T>(weight, panel, sums + r * tile_columns, largest[tile.first + r]);
            });
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

std::int64_t side_by_side() { return static_cast<std::int64_t>(panels_side_by_side()); }

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(multiply_linear);
HWY_EXPORT(multiply_gated);
HWY_EXPORT(join_largest_any);
HWY_EXPORT(side_by_side);

std::int64_t panels_of_one_row() { return HWY_DYNAMIC_DISPATCH(side_by_side)(); }

std::int64_t task_count(const ProductInput& input, const LinearTarget& target) {
  return target.weight.panels() * RowLayout{input.rows, target.weight.depth}.tiles();
}

std::int64_t task_count(const ProductInput& input, const GatedTarget& target) {
  return target.gate.panels() * RowLayout{input.rows, target.gate.depth}.tiles();
}

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

}  // namespace bv2::engine
#endif
