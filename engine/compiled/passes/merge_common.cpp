// Common subexpressions.
#include <map>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

bool same_call(const Node& a, const Node& b) {
  return a.call == nullptr ? b.call == nullptr : b.call != nullptr && a.call->equals(*b.call);
}

bool same_outputs(const Graph& graph, const Node& a, const Node& b) {
  if (a.outputs.size() != b.outputs.size()) return false;
  for (std::size_t i = 0; i < a.outputs.size(); ++i) {
    const View& left = a.outputs[i];
    const View& right = b.outputs[i];
    if (left.shape != right.shape || left.strides != right.strides || left.offset != right.offset ||
        buffer_of(graph, left).dtype != buffer_of(graph, right).dtype)
      return false;
  }
  return true;
}

bool same_node(const Graph& graph, const Node& a, const Node& b) {
  return a.kind == b.kind && a.op == b.op && a.scalar == b.scalar && a.causal == b.causal &&
         a.window == b.window && a.inputs == b.inputs && a.numbers == b.numbers && same_call(a, b) &&
         same_outputs(graph, a, b);
}

/// Whether all it reads and writes is written once, so that it gives the same wherever it stands.
bool is_pure(const Graph& graph, const std::vector<BufferUses>& uses, const Node& node) {
  if (node.kind == NodeKind::group) return false;
  for (const View& view : node.inputs)
    if (view.defined() && buffer_of(graph, view).kind == BufferKind::state) return false;
  for (const View& view : node.outputs) {
    if (buffer_of(graph, view).kind != BufferKind::temporary ||
        uses[static_cast<std::size_t>(view.buffer)].writers.size() != 1)
      return false;
  }
  return true;
}

}  // namespace

void merge_common(Graph& graph) {
  const std::vector<BufferUses> uses = uses_of(graph);
  std::vector<BufferId> replaced(graph.buffers.size());
  for (std::size_t i = 0; i < replaced.size(); ++i) replaced[i] = static_cast<BufferId>(i);
  const auto rename = [&](View& view) { view.buffer = replaced[static_cast<std::size_t>(view.buffer)]; };
  std::vector<bool> erased(graph.nodes.size());
  std::map<std::pair<BasicOp, BufferId>, std::vector<std::size_t>> seen;  // by operation and first input
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    for_each_input_view(node, rename);
    if (!is_pure(graph, uses, node)) continue;
    std::vector<std::size_t>& alike =
        seen[{node.op, node.inputs.empty() ? no_buffer : node.inputs[0].buffer}];
    for (const std::size_t earlier : alike) {
      if (!same_node(graph, graph.nodes[earlier], node)) continue;
      for (std::size_t k = 0; k < node.outputs.size(); ++k)
        replaced[static_cast<std::size_t>(node.outputs[k].buffer)] = graph.nodes[earlier].outputs[k].buffer;
      erased[i] = true;
      break;
    }
    if (!erased[i]) alike.push_back(i);
  }
  for (View& view : graph.results) rename(view);
  erase_nodes(graph, erased);
}

}  // namespace bv2::engine::compiled
