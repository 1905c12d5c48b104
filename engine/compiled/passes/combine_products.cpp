// Products that share their input become one node.
#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

void append(Node& first, const Node& other) {
  first.inputs.insert(first.inputs.end(), other.inputs.begin() + 1, other.inputs.end());
  first.outputs.insert(first.outputs.end(), other.outputs.begin(), other.outputs.end());
}

}  // namespace

void combine_products(Graph& graph) {
  const std::vector<BufferUses> uses = uses_of(graph);
  // What is written once is the same wherever it is read.
  const auto is_written_once = [&](const View& view) {
    return buffer_of(graph, view).kind != BufferKind::state &&
           uses[static_cast<std::size_t>(view.buffer)].writers.size() <= 1;
  };
  std::vector<bool> erased(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& first = graph.nodes[i];
    if (erased[i] || first.kind != NodeKind::product || !is_written_once(first.inputs[0])) continue;
    for (const std::size_t reader : uses[static_cast<std::size_t>(first.inputs[0].buffer)].readers) {
      if (reader <= i || reader >= graph.nodes.size()) continue;
      const Node& other = graph.nodes[reader];
      const bool fits = other.kind == NodeKind::product && other.inputs[0] == first.inputs[0] &&
                        is_written_once(other.outputs[0]);
      if (!fits || erased[reader]) continue;
      append(first, other);
      erased[reader] = true;
    }
  }
  erase_nodes(graph, erased);
}

}  // namespace bv2::engine::compiled
