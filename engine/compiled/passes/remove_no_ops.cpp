// Removes operations that change nothing.
#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

/// A node whose output has the values of its first input.
bool changes_no_value(const Graph& graph, const Node& node) {
  if (node.kind != NodeKind::elementwise) return false;
  if (node.op == BasicOp::contiguous) return true;
  if (node.op == BasicOp::mul_scalar) return node.scalar == 1;
  if (node.op == BasicOp::add_scalar) return node.scalar == 0;
  return node.op == BasicOp::cast &&
         buffer_of(graph, node.inputs[0]).dtype == buffer_of(graph, node.outputs[0]).dtype;
}

/// Where the elements of the output lie in the input's buffer in the same order, every view of the output's
/// is a view of the input's.
bool can_read_the_input(const Graph& graph, const std::vector<BufferUses>& uses, const Node& node) {
  const View& from = node.inputs[0];
  const View& to = node.outputs[0];
  const bool lasts = buffer_of(graph, from).kind != BufferKind::state &&
                     uses[static_cast<std::size_t>(from.buffer)].writers.size() <= 1;
  return lasts && is_contiguous(from) && covers(graph, to) &&
         buffer_of(graph, to).kind == BufferKind::temporary &&
         uses[static_cast<std::size_t>(to.buffer)].writers.size() == 1;
}

}  // namespace

void remove_no_ops(Graph& graph) {
  const std::vector<BufferUses> uses = uses_of(graph);
  std::vector<View> instead(graph.buffers.size());
  const auto redirect = [&](View& view) {
    const View& source = instead[static_cast<std::size_t>(view.buffer)];
    if (!source.defined()) return;
    view.buffer = source.buffer;
    view.offset += source.offset;
  };
  std::vector<bool> erased(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    for_each_input_view(node, redirect);
    if (!changes_no_value(graph, node) || !can_read_the_input(graph, uses, node)) continue;
    instead[static_cast<std::size_t>(node.outputs[0].buffer)] = node.inputs[0];
    erased[i] = true;
  }
  for (View& view : graph.results) redirect(view);
  erase_nodes(graph, erased);
}

}  // namespace bv2::engine::compiled
