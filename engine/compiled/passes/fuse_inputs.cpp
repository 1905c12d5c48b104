// In a decode step, what computes a product's input row by row joins it.
#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/rows.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

/// The product alone, or what a group that begins with one has.
std::vector<Node> product_first(const Node& node) {
  if (node.kind == NodeKind::product) return {squeezed_product(node)};
  if (node.kind == NodeKind::group && node.body[0].kind == NodeKind::product) return node.body;
  return {};
}

bool has_product(const Node& group) {
  return std::ranges::any_of(group.body, [](const Node& node) { return node.kind == NodeKind::product; });
}

/// Whether nobody but the node behind `index`, and the group there itself, reads what that group writes.
bool only_next_reads(const Graph& graph, const std::vector<BufferUses>& uses, std::size_t index) {
  bool only = true;
  for_each_output_view(graph.nodes[index], [&](const View& view) {
    const BufferUses& use = uses[static_cast<std::size_t>(view.buffer)];
    const BufferKind kind = buffer_of(graph, view).kind;
    only = only && (kind == BufferKind::local || kind == BufferKind::temporary) &&
           use.writers == std::vector{index} &&
           std::ranges::all_of(use.readers, [&](std::size_t at) { return at == index || at == index + 1; });
  });
  return only;
}

/// Whether a row of the product's input is a row that the group computes.
bool gives_rows(const Node& group, const Node& product) {
  const View& x = product.inputs[0];
  return x.shape.size() == group.row_rank + 1 &&
         std::ranges::any_of(group.body, [&](const Node& node) { return node.outputs[0] == x; });
}

/// Whether what follows the product needs something of what the group computes.
bool is_read_behind(const Node& group, const std::vector<Node>& product_and_after) {
  bool read = false;
  for_each_output_view(group, [&](const View& written) {
    for (std::size_t i = 1; i < product_and_after.size(); ++i)
      for (const View& view : product_and_after[i].inputs) read = read || view.buffer == written.buffer;
  });
  return read;
}

}  // namespace

void fuse_inputs(Graph& graph) {
  // Each thread computes the input for itself: right for a few rows alone.
  if (graph.fixed.tokens != 1) return;
  const std::vector<BufferUses> uses = uses_of(graph);
  std::vector<bool> erased(graph.nodes.size());
  for (std::size_t i = 0; i + 1 < graph.nodes.size(); ++i) {
    Node& group = graph.nodes[i];
    Node& next = graph.nodes[i + 1];
    if (group.kind != NodeKind::group || has_product(group) || !only_next_reads(graph, uses, i)) continue;
    std::vector<Node> rest = product_first(next);
    if (rest.empty() || !gives_rows(group, rest[0]) || is_read_behind(group, rest)) continue;
    std::ranges::move(rest, std::back_inserter(group.body));
    next = std::move(group);
    erased[i] = true;
  }
  erase_nodes(graph, erased);
  settle_kinds(graph);
}

}  // namespace bv2::engine::compiled
