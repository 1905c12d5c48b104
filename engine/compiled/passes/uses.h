// Which nodes read and write each buffer.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

/// Indices into Graph::nodes, ascending, each once; a result is a reader behind the last node.
struct BufferUses {
  std::vector<std::size_t> writers;
  std::vector<std::size_t> readers;
};

/// For each buffer, local ones included.
std::vector<BufferUses> uses_of(const Graph& graph);

/// Calls visit(view) for every defined input (output), of bodies and local buffers too.
template <class N, class Visit>
void for_each_input_view(N& node, const Visit& visit) {
  for (auto& view : node.inputs)
    if (view.defined()) visit(view);
  for (auto& inner : node.body) for_each_input_view(inner, visit);
}
template <class N, class Visit>
void for_each_output_view(N& node, const Visit& visit) {
  for (auto& view : node.outputs) visit(view);
  for (auto& inner : node.body) for_each_output_view(inner, visit);
}

inline Buffer& buffer_of(Graph& graph, const View& view) {
  return graph.buffers.at(static_cast<std::size_t>(view.buffer));
}
inline const Buffer& buffer_of(const Graph& graph, const View& view) {
  return graph.buffers.at(static_cast<std::size_t>(view.buffer));
}

/// After nodes moved between groups: what one group alone uses is local, what others read is in memory.
void settle_kinds(Graph& graph);

/// Takes out the nodes that are marked.
void erase_nodes(Graph& graph, const std::vector<bool>& erased);

}  // namespace bv2::engine::compiled
