// Where a graph's temporary buffers lie: one arena, planned once.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

struct MemoryPlan {
  std::vector<std::int64_t> offsets;  ///< of each buffer, in bytes; -1: not in the arena
  std::int64_t arena_bytes = 0;
  std::int64_t unplanned_bytes = 0;  ///< with memory of its own for each buffer
};

/// A plan that holds for all sizes up to `largest` (past being what leaves room for the tokens): a buffer has
/// its place from the node that first writes it to the last that reads it, results to the end. Offsets are
/// multiples of 64 bytes. No two buffers that live at once overlap; those that do not share memory.
MemoryPlan plan_memory(const Graph& graph, const Sizes& largest);

}  // namespace bv2::engine::compiled
