// In a decode step, what follows a product element by element joins it.
#include <algorithm>
#include <set>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/rows.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

std::vector<Expression> without_ones(const std::vector<Expression>& sizes) {
  std::vector<Expression> kept;
  for (const Expression& size : sizes)
    if (!size.is_number(1)) kept.push_back(size);
  return kept;
}

/// A view as the group's nodes have it: without dimensions of size 1.
View squeezed(const View& view) {
  View result{.buffer = view.buffer, .offset = view.offset};
  for (std::size_t dim = 0; dim < view.shape.size(); ++dim) {
    if (view.shape[dim].is_number(1) && dim + 1 < view.shape.size()) continue;
    result.shape.push_back(view.shape[dim]);
    result.strides.push_back(view.strides[dim]);
  }
  return result;
}

Node squeezed(const Node& product) {
  Node result = product;
  result.inputs[0] = squeezed(product.inputs[0]);
  for (View& view : result.outputs) view = squeezed(view);
  return result;
}

bool writes(const Node& node, BufferId id) {
  return std::ranges::any_of(node.outputs, [&](const View& view) { return view.buffer == id; });
}

/// Whether the node needs of what the product and the body write no more than the element where it stands.
bool follows(const Node& product, const std::vector<Node>& body, const Node& node) {
  if (node.kind != NodeKind::elementwise || node.outputs[0].shape != product.outputs[0].shape) return false;
  for (const View& view : node.inputs) {
    const auto same_place = [&](const Node& writer) {
      return std::ranges::all_of(writer.outputs, [&](const View& written) {
        return written.buffer != view.buffer || written == view;
      });
    };
    if (!same_place(product) || !std::ranges::all_of(body, same_place)) return false;
  }
  return true;
}

bool reads_product(const Node& product, const Node& node) {
  return std::ranges::any_of(node.inputs, [&](const View& view) { return writes(product, view.buffer); });
}

/// Buffers that product and the first `count` nodes of the body write and the rest reads.
std::size_t crossing(const Node& product, const std::vector<Node>& body, std::size_t count) {
  std::set<BufferId> written;
  const auto note = [&](const Node& node) {
    for (const View& view : node.outputs) written.insert(view.buffer);
  };
  note(product);
  for (std::size_t i = 0; i < count; ++i) note(body[i]);
  std::set<BufferId> crossed;
  for (std::size_t i = count; i < body.size(); ++i)
    for (const View& view : body[i].inputs)
      if (written.contains(view.buffer)) crossed.insert(view.buffer);
  return crossed.size();
}

/// Moves leading nodes of `group` that follow the product behind it: as many as leave the least to be stored.
std::vector<Node> take_epilogue(const Node& product, Node& group) {
  std::vector<Node> taken;
  std::size_t best = 0;
  std::size_t least = crossing(product, group.body, 0);
  for (const Node& node : group.body) {
    if (!follows(product, taken, node)) break;
    taken.push_back(node);
    const std::size_t stored = crossing(product, group.body, taken.size());
    // As much with one operation as without: the product's own result is not stored then.
    const bool reads = best == 0 && reads_product(product, node);
    if (stored < least || (reads && stored <= least)) {
      least = stored;
      best = taken.size();
    }
  }
  taken.resize(best);
  group.body.erase(group.body.begin(), group.body.begin() + static_cast<std::ptrdiff_t>(best));
  return taken;
}

/// Locals that the rest of a divided group reads need memory; products' outputs that nothing else uses need
/// none.
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

}  // namespace

void fuse_products(Graph& graph) {
  // Many rows are the library's, whose results have to be in memory anyway.
  if (graph.fixed.tokens != 1) return;
  std::vector<bool> erased(graph.nodes.size());
  for (std::size_t i = 0; i + 1 < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    Node& next = graph.nodes[i + 1];
    if (node.kind != NodeKind::product || next.kind != NodeKind::group) continue;
    const Node product = squeezed(node);
    const std::vector<Expression>& shape = product.outputs[0].shape;
    if (shape.size() != next.row_rank + 1 || without_ones(shape).size() != shape.size()) continue;
    std::vector<Node> epilogue = take_epilogue(product, next);
    if (epilogue.empty()) continue;
    Node group{.kind = NodeKind::group};
    group.row_rank = next.row_rank;
    group.body.push_back(product);
    for (Node& inner : epilogue) group.body.push_back(std::move(inner));
    node = std::move(group);
    if (next.body.empty()) erased[i + 1] = true;
  }
  erase_nodes(graph, erased);
  settle_kinds(graph);
}

}  // namespace bv2::engine::compiled
