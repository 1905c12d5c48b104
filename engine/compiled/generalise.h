// One graph from several of the same forward at different sizes.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

/// Sizes on a grid: each open symbol takes consecutive values, one more than the highest power that it can
/// have.
struct SampleGrid {
  std::array<std::vector<std::int64_t>, symbol_count> values;

  [[nodiscard]] std::vector<Sizes> points() const;
};

/// The polynomial that has these values at the grid's points. Throws Error where there is none with integer
/// coefficients.
Expression fitted(const SampleGrid& grid, std::span<const std::int64_t> values);

/// The graph that is graphs[i] at the grid's point i. Throws Error where they differ in more than sizes.
Graph generalised(const SampleGrid& grid, std::vector<Graph> graphs);

/// Throws Error naming the first node where `graph` at `sizes` is not `traced`, a graph of numbers.
void check_foretold(const Graph& graph, const Sizes& sizes, const Graph& traced);

}  // namespace bv2::engine::compiled
