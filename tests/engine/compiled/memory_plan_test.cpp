// The arena: nothing that lives overlaps, nothing is larger than it has to be.
#include "engine/compiled/memory_plan.h"

#include <gtest/gtest.h>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"
#include "engine/compiled/trace.h"
#include "engine/ops/basic.h"
#include "support/random_forward.h"

namespace bv2::engine::compiled {
namespace {

constexpr Sizes sizes{.batch = 2, .tokens = 3, .past = 0, .capacity = 16};

/// x [batch, tokens, 16] through a chain of that many operations.
Graph chain(int operations) {
  return trace("chain", {.past = false}, AttentionPath::eager,
               [&](Context& context, Tracer& tracer, const Sizes& at) {
                 Tensor x = tracer.input("x", Dtype::float32, {at.batch, at.tokens, 16});
                 for (int i = 0; i < operations; ++i) x = exp(context, x);
                 return std::vector{x};
               });
}

TEST(MemoryPlan, AChainNeedsTwoBuffers) {
  const std::int64_t bytes = 2 * 3 * 16 * 4;
  const MemoryPlan plan = plan_memory(chain(10), sizes);
  EXPECT_EQ(plan.unplanned_bytes, 10 * bytes);
  EXPECT_EQ(plan.arena_bytes, 2 * bytes);
}

TEST(MemoryPlan, InputsAndWhatIsLocalHaveNoPlace) {
  Graph graph = chain(3);
  fuse(graph);
  const MemoryPlan plan = plan_memory(graph, sizes);
  for (std::size_t id = 0; id < graph.buffers.size(); ++id)
    EXPECT_EQ(plan.offsets[id] >= 0, graph.buffers[id].kind == BufferKind::temporary);
  EXPECT_EQ(plan.arena_bytes, 2 * 3 * 16 * 4);
}

TEST(MemoryPlan, RoomIsMeasuredAtTheLongestPast) {
  const Graph graph = trace(
      "keys", {.tokens = false}, AttentionPath::eager, [](Context& context, Tracer& tracer, const Sizes& at) {
        const Tensor x = tracer.input("x", Dtype::float32, {at.batch, at.past + at.tokens, 16});
        return std::vector{exp(context, x)};
      });
  EXPECT_EQ(plan_memory(graph, {.batch = 1, .tokens = 1, .past = 0, .capacity = 100}).arena_bytes,
            100 * 16 * 4);
}

TEST(MemoryPlan, WhatLivesAtOnceDoesNotOverlap) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    Graph graph = test::RandomForward(seed).trace({});
    if (seed % 2 == 0) optimise(graph);
    const MemoryPlan plan = plan_memory(graph, sizes);
    const std::vector<BufferUses> uses = uses_of(graph);
    Sizes largest = sizes;
    largest.past = sizes.capacity - sizes.tokens;
    const auto end_of = [&](std::size_t id) {
      const std::int64_t elements = product(graph.buffers[id].shape).at(largest);
      return plan.offsets[id] + elements * static_cast<std::int64_t>(size_bytes(graph.buffers[id].dtype));
    };
    const auto last_of = [&](std::size_t id) {
      return uses[id].readers.empty() ? uses[id].writers.back()
                                      : std::max(uses[id].writers.back(), uses[id].readers.back());
    };
    for (std::size_t a = 0; a < graph.buffers.size(); ++a) {
      if (plan.offsets[a] < 0) continue;
      EXPECT_EQ(plan.offsets[a] % 64, 0);
      EXPECT_LE(end_of(a), plan.arena_bytes);
      for (std::size_t b = a + 1; b < graph.buffers.size(); ++b) {
        if (plan.offsets[b] < 0) continue;
        const bool at_once = uses[a].writers.front() <= last_of(b) && uses[b].writers.front() <= last_of(a);
        const bool overlap = plan.offsets[a] < end_of(b) && plan.offsets[b] < end_of(a);
        EXPECT_FALSE(at_once && overlap) << "seed " << seed << ", buffers " << a << " and " << b;
      }
    }
  }
}

}  // namespace
}  // namespace bv2::engine::compiled
