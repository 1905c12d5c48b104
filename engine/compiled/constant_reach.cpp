// Whether what a graph reads of its constants is there.
#include "engine/compiled/constant_reach.h"

#include <algorithm>

#include "base/error.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

/// One behind the last element that a view reads.
Expression end_of(const View& view) {
  Expression end = view.offset + 1;
  for (std::size_t dim = 0; dim < view.shape.size(); ++dim)
    end = end + (view.shape[dim] - 1) * view.strides[dim];
  return end;
}

}  // namespace

ConstantReach::ConstantReach(const Graph& graph) {
  const auto visit = [&](const View& view) {
    const Buffer& buffer = buffer_of(graph, view);
    if (buffer.kind != BufferKind::constant) return;
    Expression end = end_of(view);
    if (end.is_number()) return;
    const Reach reach{.end = std::move(end),
                      .elements = product(buffer.shape).value(),
                      .rows = buffer.shape.empty() ? 1 : buffer.shape[0].value()};
    const auto same = [&](const Reach& known) { return known.end == reach.end && known.rows == reach.rows; };
    if (std::ranges::none_of(reaches_, same)) reaches_.push_back(reach);
  };
  for (const Node& node : graph.nodes) for_each_input_view(node, visit);
  for (const View& view : graph.results) visit(view);
}

void ConstantReach::check(const Sizes& sizes) const {
  for (const Reach& reach : reaches_) {
    if (reach.end.at(sizes) > reach.elements)
      fail("{} tokens after {} do not fit into a table of {} rows", sizes.tokens, sizes.past, reach.rows);
  }
}

}  // namespace bv2::engine::compiled
