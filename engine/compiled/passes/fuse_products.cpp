// What follows a product element by element joins it: in a decode step as much as saves memory, else what is
// done with products of many rows.
#include <algorithm>
#include <set>
#include <span>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/rows.h"
#include "engine/compiled/passes/uses.h"
#include "engine/compiled/product_epilogue.h"

namespace bv2::engine::compiled {
namespace {

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

/// How many leading nodes of `group` follow the product: as many as leave the least to be stored.
std::size_t epilogue_length(const Node& product, const Node& group) {
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
  return best;
}

/// Whether the first `length` nodes of `group`, the next one, are done with a product of many rows, and
/// nobody reads what is not stored then.
bool suits_many_rows(const Graph& graph, const std::vector<BufferUses>& uses, const Node& product,
                     const Node& group, std::size_t length) {
  const std::span<const Node> after = std::span(group.body).first(length);
  if (!product_epilogue(graph, product, after)) return false;
  const auto is_inner = [&](const View& view) {
    const bool read_behind =
        std::ranges::any_of(std::span(group.body).subspan(length), [&](const Node& node) {
          return std::ranges::any_of(node.inputs, [&](const View& in) { return in.buffer == view.buffer; });
        });
    return !read_behind && uses[static_cast<std::size_t>(view.buffer)].readers.size() == 1;
  };
  return std::ranges::all_of(product.outputs, is_inner) &&
         std::ranges::all_of(after.first(length - 1),
                             [&](const Node& node) { return is_inner(node.outputs[0]); });
}

}  // namespace

void fuse_products(Graph& graph) {
  const bool one_token = graph.fixed.tokens == 1;
  const std::vector<BufferUses> uses = uses_of(graph);
  std::vector<bool> erased(graph.nodes.size());
  for (std::size_t i = 0; i + 1 < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    Node& next = graph.nodes[i + 1];
    if (node.kind != NodeKind::product || next.kind != NodeKind::group) continue;
    const Node product = squeezed_product(node);
    const std::vector<Expression>& shape = product.outputs[0].shape;
    const bool has_ones =
        std::ranges::any_of(shape, [](const Expression& size) { return size.is_number(1); });
    if (shape.size() != next.row_rank + 1 || has_ones) continue;
    const std::size_t length = epilogue_length(product, next);
    if (length == 0 || (!one_token && !suits_many_rows(graph, uses, product, next, length))) continue;
    Node group{.kind = NodeKind::group};
    group.row_rank = next.row_rank;
    group.body.push_back(product);
    const auto end = next.body.begin() + static_cast<std::ptrdiff_t>(length);
    group.body.insert(group.body.end(), next.body.begin(), end);
    next.body.erase(next.body.begin(), end);
    node = std::move(group);
    if (next.body.empty()) erased[i + 1] = true;
  }
  erase_nodes(graph, erased);
  settle_kinds(graph);
}

}  // namespace bv2::engine::compiled
