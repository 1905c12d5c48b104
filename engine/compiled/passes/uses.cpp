// Which nodes read and write each buffer.
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {

std::vector<BufferUses> uses_of(const Graph& graph) {
  std::vector<BufferUses> uses(graph.buffers.size());
  const auto note = [](std::vector<std::size_t>& list, std::size_t index) {
    if (list.empty() || list.back() != index) list.push_back(index);
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for_each_input_view(graph.nodes[i], [&](const View& view) {
      note(uses[static_cast<std::size_t>(view.buffer)].readers, i);
    });
    for_each_output_view(graph.nodes[i], [&](const View& view) {
      note(uses[static_cast<std::size_t>(view.buffer)].writers, i);
    });
  }
  for (const View& view : graph.results)
    note(uses[static_cast<std::size_t>(view.buffer)].readers, graph.nodes.size());
  return uses;
}

void settle_kinds(Graph& graph) {
  const std::vector<BufferUses> uses = uses_of(graph);
  for (std::size_t id = 0; id < graph.buffers.size(); ++id) {
    Buffer& buffer = graph.buffers[id];
    if (buffer.kind != BufferKind::temporary && buffer.kind != BufferKind::local) continue;
    const BufferUses& use = uses[id];
    const bool inside = use.writers.size() == 1 && use.readers == use.writers &&
                        graph.nodes[use.writers[0]].kind == NodeKind::group;
    buffer.kind = inside ? BufferKind::local : BufferKind::temporary;
  }
}

void erase_nodes(Graph& graph, const std::vector<bool>& erased) {
  std::vector<Node> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    if (!erased[i]) kept.push_back(std::move(graph.nodes[i]));
  graph.nodes = std::move(kept);
}

}  // namespace bv2::engine::compiled
