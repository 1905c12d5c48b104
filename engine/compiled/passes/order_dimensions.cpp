// Element-wise operations and reductions walk their dimensions in the order of memory.
#include <algorithm>
#include <limits>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

/// Any sizes that keep the order which strides have at most sizes.
constexpr Sizes typical{.batch = 3, .tokens = 5, .past = 11, .capacity = 64};

using Order = std::vector<std::size_t>;

std::vector<Expression> permuted(const std::vector<Expression>& list, const Order& order) {
  std::vector<Expression> result;
  for (const std::size_t dim : order) result.push_back(list[dim]);
  return result;
}

void permute(View& view, const Order& order) {
  view.shape = permuted(view.shape, order);
  view.strides = permuted(view.strides, order);
}

/// The dimensions without those of size 1, largest strides of the leading input first; the last one stays.
Order order_of(const Node& node) {
  const View* leading = &node.inputs[0];
  const auto reach = [](const View& view) {
    return std::ranges::count_if(view.strides, [](const Expression& stride) { return !stride.is_number(0); });
  };
  for (const View& view : node.inputs)
    if (reach(view) > reach(*leading)) leading = &view;
  const std::size_t rank = leading->shape.size();
  Order order;
  for (std::size_t dim = 0; dim + 1 < rank; ++dim)
    if (!node.outputs[0].shape[dim].is_number(1)) order.push_back(dim);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t dim) {
    const std::int64_t stride = leading->strides[dim].at(typical);
    return stride == 0 ? std::numeric_limits<std::int64_t>::max() : stride;
  });
  order.push_back(rank - 1);
  return order;
}

/// The strides of a buffer's dimensions if these came in that order in memory.
std::vector<Expression> strides_in_order(const std::vector<Expression>& shape, const Order& order) {
  std::vector<Expression> strides(shape.size());
  Expression step(1);
  for (std::size_t i = order.size(); i-- > 0;) {
    strides[order[i]] = step;
    step = step * shape[order[i]];
  }
  return strides;
}

/// A buffer of one writer whose dimensions all its views have as they are, whole or repeated, can lie in
/// another order.
class Layouts {
 public:
  explicit Layouts(Graph& graph) : graph_(graph), views_(graph.buffers.size()) {
    for (Node& node : graph.nodes) {
      for_each_input_view(node, [&](View& view) { note(view); });
      for_each_output_view(node, [&](View& view) { note(view); });
    }
  }

  void reorder(BufferId id, const Order& kept) {
    Buffer& buffer = graph_.buffers[static_cast<std::size_t>(id)];
    if (buffer.kind != BufferKind::temporary || is_result(id)) return;
    Order order = kept;
    for (std::size_t dim = 0; dim < buffer.shape.size(); ++dim)
      if (std::ranges::find(kept, dim) == kept.end()) order.insert(order.begin(), dim);
    const std::vector<Expression> natural = row_major_strides(buffer.shape);
    const std::vector<Expression> wanted = strides_in_order(buffer.shape, order);
    for (const View* view : views_[static_cast<std::size_t>(id)])
      if (!follows(*view, buffer.shape, natural)) return;
    for (View* view : views_[static_cast<std::size_t>(id)])
      for (std::size_t dim = 0; dim < natural.size(); ++dim)
        if (!view->strides[dim].is_number(0)) view->strides[dim] = wanted[dim];
    buffer.shape = permuted(buffer.shape, order);
  }

 private:
  void note(View& view) { views_[static_cast<std::size_t>(view.buffer)].push_back(&view); }

  bool is_result(BufferId id) const {
    return std::ranges::any_of(graph_.results, [&](const View& view) { return view.buffer == id; });
  }

  static bool follows(const View& view, const std::vector<Expression>& shape,
                      const std::vector<Expression>& natural) {
    if (view.shape.size() != shape.size() || !view.offset.is_number(0)) return false;
    for (std::size_t dim = 0; dim < shape.size(); ++dim) {
      const bool repeated = view.strides[dim].is_number(0);
      if (!repeated && (view.strides[dim] != natural[dim] || view.shape[dim] != shape[dim])) return false;
    }
    return true;
  }

  Graph& graph_;
  std::vector<std::vector<View*>> views_;
};

void drop_ones(std::vector<Expression>& shape) {
  if (shape.empty()) return;
  const Expression last = shape.back();
  shape.pop_back();
  std::erase_if(shape, [](const Expression& size) { return size.is_number(1); });
  shape.push_back(last);
}

}  // namespace

void order_dimensions(Graph& graph) {
  Layouts layouts(graph);
  for (Node& node : graph.nodes) {
    const bool walks = node.kind == NodeKind::elementwise || node.kind == NodeKind::reduction;
    if (!walks || node.outputs[0].shape.size() < 2) continue;
    const Order order = order_of(node);
    if (!std::ranges::is_sorted(order)) {
      for (const View& view : node.outputs) layouts.reorder(view.buffer, order);
    }
  }
  // Last, since the views of one buffer are compared by dimension above.
  for (Node& node : graph.nodes) {
    const bool walks = node.kind == NodeKind::elementwise || node.kind == NodeKind::reduction;
    if (!walks || node.outputs[0].shape.size() < 2) continue;
    const Order order = order_of(node);
    for (View& view : node.inputs) permute(view, order);
    for (View& view : node.outputs) permute(view, order);
  }
  for (Buffer& buffer : graph.buffers)
    if (buffer.kind == BufferKind::temporary) drop_ones(buffer.shape);
}

}  // namespace bv2::engine::compiled
