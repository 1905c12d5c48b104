// Where each number of the laid-out rows is, on every instruction set.
#include "engine/kernels/row_layout.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "support/targets.h"
#include "support/values.h"

namespace bv2::engine {
namespace {

constexpr std::int64_t row_counts[]{1, 2, 5, 6, 7, 12, 13, 95, 96, 97, 128, 200, 289};
constexpr std::int64_t depths[]{1, 3, 4, 127, 128, 129, 300};

/// By the words of RowLayout: the rows of all tiles before this one, then those of the blocks before this
/// one, then those of the strips before this one.
std::vector<double> laid_out(const std::vector<double>& rows, const RowLayout& layout) {
  std::vector<double> out;
  for (std::int64_t t = 0; t < layout.tiles(); ++t) {
    const RowTile tile = layout.tile(t);
    for (std::int64_t begin = 0; begin < layout.depth; begin += RowLayout::depth_block) {
      for (std::int64_t strip = 0; strip < tile.rows; strip += RowLayout::strip_rows) {
        for (std::int64_t k = begin; k < std::min(layout.depth, begin + RowLayout::depth_block); ++k) {
          for (std::int64_t r = strip; r < std::min(tile.rows, strip + RowLayout::strip_rows); ++r)
            out.push_back(rows[static_cast<std::size_t>((tile.first + r) * layout.depth + k)]);
        }
      }
    }
  }
  return out;
}

TEST(RowLayout, TilesAreAllRowsInWholeStrips) {
  for (std::int64_t rows = 1; rows < 4000; ++rows) {
    const RowLayout layout{.rows = rows, .depth = 1};
    std::int64_t next = 0;
    for (std::int64_t t = 0; t < layout.tiles(); ++t) {
      const RowTile tile = layout.tile(t);
      ASSERT_EQ(tile.first, next) << rows;
      ASSERT_EQ(tile.first % RowLayout::strip_rows, 0) << rows;
      ASSERT_GT(tile.rows, 0) << rows;
      ASSERT_LE(tile.rows, RowLayout::max_tile_rows) << rows;
      next = tile.first + tile.rows;
    }
    ASSERT_EQ(next, rows);
  }
}

TEST(RowLayout, PutsEachNumberWhereAProductReadsIt) {
  std::mt19937_64 random(1);
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    for (const std::int64_t rows : row_counts) {
      for (const std::int64_t depth : depths) {
        const Tensor x = test::random_tensor(random, dtype, {rows, depth});
        const RowLayout layout{.rows = rows, .depth = depth};
        const std::vector<double> expected = laid_out(test::values_of(x), layout);
        test::for_each_target([&](const std::string& target) {
          // In two parts, as two threads would.
          std::vector<float> found(expected.size(), -1);
          const std::int64_t middle = layout.strips() / 2;
          lay_out_strips(dtype, x.raw(), layout, middle, layout.strips(), found.data());
          lay_out_strips(dtype, x.raw(), layout, 0, middle, found.data());
          ASSERT_EQ(std::vector<double>(found.begin(), found.end()), expected)
              << target << ' ' << name(dtype) << " [" << rows << ", " << depth << ']';
        });
      }
    }
  }
}

}  // namespace
}  // namespace bv2::engine
