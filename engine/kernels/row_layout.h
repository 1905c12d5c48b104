// How the rows of x lie in memory for a product with panels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace bv2::engine {

/// Some of a product's rows, multiplied with a panel together.
struct RowTile {
  std::int64_t first = 0;
  std::int64_t rows = 0;
};

/// Rows of x [rows, depth] in float32, in the order in which a product reads them. They are divided into
/// tiles, whose sums with one panel stay in the caches; a tile's depth into blocks, as much of a panel as
/// stays in the first cache; its rows into strips, whose sums stay in registers. Within a strip's part of a
/// block a depth's rows are neighbours: [tiles][blocks][strips][depth of the block][rows of the strip],
/// nothing filled up. One row is as it was.
struct RowLayout {
  static constexpr std::int64_t max_tile_rows = 96;
  static constexpr std::int64_t strip_rows = 6;
  static constexpr std::int64_t depth_block = 128;

  std::int64_t rows = 0;
  std::int64_t depth = 0;

  [[nodiscard]] std::int64_t strips() const { return (rows + strip_rows - 1) / strip_rows; }
  [[nodiscard]] std::int64_t tiles() const { return (rows + max_tile_rows - 1) / max_tile_rows; }
  /// Rows of each tile but the last one: whole strips, about the same number in each.
  [[nodiscard]] std::int64_t tile_rows() const {
    return (strips() + tiles() - 1) / std::max<std::int64_t>(tiles(), 1) * strip_rows;
  }
  [[nodiscard]] RowTile tile(std::int64_t index) const {
    const std::int64_t first = std::min(rows, index * tile_rows());
    return {.first = first, .rows = std::min(tile_rows(), rows - first)};
  }
  /// Where the strip begins that has a tile's row `row`, in the block of depths [begin, end).
  [[nodiscard]] std::int64_t offset(const RowTile& tile, std::int64_t row, std::int64_t begin,
                                    std::int64_t end) const {
    return tile.first * depth + begin * tile.rows + row * (end - begin);
  }
};

/// Lays strips [begin, end) of rows [rows, depth] of a floating dtype out in `to`, which is rows * depth
/// floats, on the calling thread.
void lay_out_strips(Dtype dtype, const std::byte* rows, const RowLayout& layout, std::int64_t begin,
                    std::int64_t end, float* to);

}  // namespace bv2::engine
