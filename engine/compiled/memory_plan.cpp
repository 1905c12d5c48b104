// Live ranges, and the lowest free place for each buffer, the largest first.
#include "engine/compiled/memory_plan.h"

#include <algorithm>

#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

constexpr std::int64_t alignment_bytes = Storage::alignment_bytes;

/// A buffer in time (nodes, both ends included) and space.
struct Block {
  std::size_t buffer = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  std::int64_t bytes = 0;
  std::int64_t offset = 0;

  [[nodiscard]] bool meets(const Block& other) const { return first <= other.last && other.first <= last; }
};

std::vector<Block> blocks_of(const Graph& graph, const Sizes& largest) {
  const std::vector<BufferUses> uses = uses_of(graph);
  std::vector<Block> blocks;
  for (std::size_t id = 0; id < graph.buffers.size(); ++id) {
    const Buffer& buffer = graph.buffers[id];
    if (buffer.kind != BufferKind::temporary || uses[id].writers.empty()) continue;
    const std::int64_t bytes =
        product(buffer.shape).at(largest) * static_cast<std::int64_t>(size_bytes(buffer.dtype));
    Block block{.buffer = id, .first = uses[id].writers.front(), .last = uses[id].writers.back()};
    if (!uses[id].readers.empty()) block.last = std::max(block.last, uses[id].readers.back());
    block.bytes = (bytes + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
    blocks.push_back(block);
  }
  return blocks;
}

/// The lowest offset at which the block meets none of those that are placed, which are sorted by offset.
std::int64_t free_offset(const Block& block, const std::vector<Block>& placed) {
  std::int64_t offset = 0;
  for (const Block& other : placed) {
    if (!block.meets(other) || other.offset + other.bytes <= offset) continue;
    if (offset + block.bytes <= other.offset) break;
    offset = other.offset + other.bytes;
  }
  return offset;
}

}  // namespace

MemoryPlan plan_memory(const Graph& graph, const Sizes& largest) {
  Sizes sizes = largest;
  sizes.past = std::max<std::int64_t>(largest.capacity - largest.tokens, 0);
  std::vector<Block> blocks = blocks_of(graph, sizes);
  std::ranges::stable_sort(blocks, std::greater<>(), &Block::bytes);
  MemoryPlan plan{.offsets = std::vector<std::int64_t>(graph.buffers.size(), -1)};
  std::vector<Block> placed;
  for (Block& block : blocks) {
    block.offset = free_offset(block, placed);
    placed.insert(std::ranges::upper_bound(placed, block.offset, {}, &Block::offset), block);
    plan.offsets[block.buffer] = block.offset;
    plan.arena_bytes = std::max(plan.arena_bytes, block.offset + block.bytes);
    plan.unplanned_bytes += block.bytes;
  }
  return plan;
}

}  // namespace bv2::engine::compiled
