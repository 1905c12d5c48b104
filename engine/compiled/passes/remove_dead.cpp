// Removes what nothing depends on.
#include <algorithm>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

void mark(std::vector<bool>& used, const View& view) { used[static_cast<std::size_t>(view.buffer)] = true; }

bool is_needed(const Graph& graph, const View& output, const std::vector<bool>& used) {
  return buffer_of(graph, output).kind == BufferKind::state || used[static_cast<std::size_t>(output.buffer)];
}

/// Takes the weights, with their biases, whose outputs nothing reads from a product.
void drop_dead_parts(const Graph& graph, Node& product, const std::vector<bool>& used) {
  for (std::size_t i = product.outputs.size(); i-- > 0;) {
    if (is_needed(graph, product.outputs[i], used)) continue;
    const auto at = static_cast<std::ptrdiff_t>(i);
    product.outputs.erase(product.outputs.begin() + at);
    const auto weight = product.inputs.begin() + 1 + 2 * at;
    product.inputs.erase(weight, weight + 2);
  }
}

/// Keeps of a list what writes to something that is read later, a state or a used buffer; from the end.
std::vector<Node> live(const Graph& graph, std::vector<Node> nodes, std::vector<bool>& used) {
  std::vector<Node> kept;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    Node& node = nodes[i];
    if (node.kind == NodeKind::group) {
      node.body = live(graph, std::move(node.body), used);
      if (node.body.empty()) continue;
    } else {
      const auto needed = [&](const View& view) { return is_needed(graph, view, used); };
      if (!std::ranges::any_of(node.outputs, needed)) continue;
      if (node.kind == NodeKind::product) drop_dead_parts(graph, node, used);
    }
    for (const View& view : node.inputs)
      if (view.defined()) mark(used, view);
    kept.push_back(std::move(node));
  }
  std::ranges::reverse(kept);
  return kept;
}

/// Renumbers the buffers without those that are not used.
void compact(Graph& graph, const std::vector<bool>& used) {
  std::vector<BufferId> renamed(graph.buffers.size(), no_buffer);
  std::vector<Buffer> kept;
  for (std::size_t i = 0; i < graph.buffers.size(); ++i) {
    if (!used[i]) continue;
    renamed[i] = static_cast<BufferId>(kept.size());
    kept.push_back(std::move(graph.buffers[i]));
  }
  graph.buffers = std::move(kept);
  const auto rename = [&](View& view) { view.buffer = renamed[static_cast<std::size_t>(view.buffer)]; };
  for (Node& node : graph.nodes) {
    for_each_input_view(node, rename);
    for_each_output_view(node, rename);
  }
  for (View& view : graph.results) rename(view);
}

}  // namespace

void remove_dead(Graph& graph) {
  std::vector<bool> used(graph.buffers.size());
  for (const View& view : graph.results) mark(used, view);
  graph.nodes = live(graph, std::move(graph.nodes), used);
  for (const Node& node : graph.nodes)
    for_each_output_view(node, [&](const View& view) { mark(used, view); });
  compact(graph, used);
}

}  // namespace bv2::engine::compiled
