#include "engine/compiled/graph.h"

#include <gtest/gtest.h>

namespace bv2::engine::compiled {
namespace {

/// x [batch, 8] times two, the sum over each row.
Graph small_graph() {
  Graph graph{.name = "small", .fixed = {0, 1, 0, 0}};
  const View x = add_buffer(graph, {.kind = BufferKind::input, .shape = {Symbol::batch, 8}, .name = "x"});
  const View doubled = add_buffer(graph, {.shape = {Symbol::batch, 8}});
  const View total = add_buffer(graph, {.shape = {Symbol::batch, 1}});
  graph.nodes.push_back({.op = BasicOp::mul_scalar, .inputs = {x}, .outputs = {doubled}, .scalar = 2});
  graph.nodes.push_back(
      {.kind = NodeKind::reduction, .op = BasicOp::sum, .inputs = {doubled}, .outputs = {total}});
  graph.results = {total};
  return graph;
}

TEST(Graph, IsPrintedALineANode) {
  EXPECT_EQ(to_text(small_graph()),
            "graph small: tokens = 1\n"
            "  %0 = input x float32 [batch, 8]\n"
            "  %1 float32 [batch, 8] = mul_scalar(%0, 2)\n"
            "  %2 float32 [batch, 1] = sum(%1)\n"
            "results %2\n");
}

TEST(Graph, PrintsGroupsAndPartsOfBuffers) {
  Graph graph = small_graph();
  Node group{.kind = NodeKind::group, .body = graph.nodes, .row_rank = 1};
  graph.buffers[1].kind = BufferKind::local;
  graph.nodes = {group};
  graph.results[0].shape = {Symbol::batch};
  graph.results[0].strides = {2};
  graph.results[0].offset = 1;
  EXPECT_EQ(to_text(graph),
            "graph small: tokens = 1\n"
            "  %0 = input x float32 [batch, 8]\n"
            "  group rows [batch]\n"
            "    %1 local float32 [batch, 8] = mul_scalar(%0, 2)\n"
            "    %2 float32 [batch, 1] = sum(%1)\n"
            "results %2[batch : 2 @ 1]\n");
}

TEST(Graph, ChecksWhatItIsGiven) {
  EXPECT_NO_THROW(check(small_graph()));

  Graph unwritten = small_graph();
  unwritten.nodes.erase(unwritten.nodes.begin());
  EXPECT_THROW(check(unwritten), Error);

  Graph other_shape = small_graph();
  other_shape.nodes[0].inputs[0].shape[1] = 9;
  EXPECT_THROW(check(other_shape), Error);

  Graph written_input = small_graph();
  written_input.nodes[0].outputs[0] = written_input.nodes[0].inputs[0];
  EXPECT_THROW(check(written_input), Error);

  Graph local_outside = small_graph();
  local_outside.buffers[1].kind = BufferKind::local;
  EXPECT_THROW(check(local_outside), Error);
}

TEST(Graph, SizesOfOneDoNotBreakContiguity) {
  const View view{.buffer = 0, .shape = {Symbol::batch, 1, 8}, .strides = {8, 99, 1}, .offset = 0};
  EXPECT_TRUE(is_contiguous(view));
  View strided = view;
  strided.strides[0] = 16;
  EXPECT_FALSE(is_contiguous(strided));
}

}  // namespace
}  // namespace bv2::engine::compiled
