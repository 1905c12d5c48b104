// Graphs: building and checking.
#include "engine/compiled/graph.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"

namespace bv2::engine::compiled {
namespace {

constexpr std::array kind_names{std::string_view("elementwise"), std::string_view("reduction"),
                                std::string_view("matmul"),      std::string_view("product"),
                                std::string_view("take_rows"),   std::string_view("attention_mask"),
                                std::string_view("call"),        std::string_view("group")};

bool is_reduction(BasicOp op) {
  return op == BasicOp::sum || op == BasicOp::mean || op == BasicOp::max || op == BasicOp::argmax;
}

bool is_elementwise(BasicOp op) { return op <= BasicOp::maximum || op == BasicOp::contiguous; }

/// Checks one graph; holds what has been seen of it.
class Checker {
 public:
  explicit Checker(const Graph& graph) : graph_(graph), written_(graph.buffers.size()) {}

  void run() {
    for (std::size_t index = 0; index < graph_.nodes.size(); ++index) {
      at_ = index;
      node(graph_.nodes[index], nullptr);
    }
    for (const View& result : graph_.results) reads(result);
  }

 private:
  void require(bool holds, std::string_view what) const {
    if (!holds) fail("the graph {}: node {}: {}", graph_.name, at_, what);
  }

  const Buffer& buffer(const View& view) const {
    require(view.buffer >= 0 && static_cast<std::size_t>(view.buffer) < graph_.buffers.size(),
            "a view of no buffer");
    require(view.shape.size() == view.strides.size(), "a view with more sizes than strides");
    return graph_.buffers[static_cast<std::size_t>(view.buffer)];
  }

  void reads(const View& view) {
    const BufferKind kind = buffer(view).kind;
    const bool made_here = kind == BufferKind::temporary || kind == BufferKind::local;
    require(!made_here || written_[static_cast<std::size_t>(view.buffer)],
            "a buffer is read before it is written");
  }

  void writes(const View& view) {
    const BufferKind kind = buffer(view).kind;
    require(kind != BufferKind::input && kind != BufferKind::constant, "an input or a constant is written");
    written_[static_cast<std::size_t>(view.buffer)] = true;
  }

  void local(const View& view, const Node* group) {
    if (!view.defined() || buffer(view).kind != BufferKind::local) return;
    require(group != nullptr, "a local buffer is used outside of a group");
    const auto [entry, is_new] = group_of_.emplace(view.buffer, group);
    require(entry->second == group, "a local buffer is used by two groups");
  }

  void node(const Node& node, const Node* group) {
    require(node.kind == NodeKind::group || !node.outputs.empty(), "there is no output");
    for (const View& view : node.inputs)
      if (view.defined()) reads(view);
    for (const View& view : node.inputs) local(view, group);
    for (const View& view : node.outputs) local(view, group);
    shapes(node);
    if (group != nullptr) rows(node, *group);
    for (const View& view : node.outputs) writes(view);
    for (const Node& inner : node.body) this->node(inner, &node);
  }

  void shapes(const Node& node) const {
    switch (node.kind) {
      case NodeKind::elementwise:
        require(is_elementwise(node.op), "the operation is not element-wise");
        for (const View& view : node.inputs)
          require(view.shape == node.outputs[0].shape, "an input has another shape than the output");
        return;
      case NodeKind::reduction: {
        require(is_reduction(node.op), "the operation is not a reduction");
        std::vector<Expression> shape = node.inputs.at(0).shape;
        require(!shape.empty(), "there is no last dimension");
        shape.back() = Expression(1);
        require(node.outputs[0].shape == shape, "the output of a reduction has another shape");
        return;
      }
      case NodeKind::product:
        require(node.inputs.size() == 1 + 2 * node.outputs.size(), "a weight and a bias for each output");
        return;
      case NodeKind::call:
        require(node.call != nullptr, "a call of nothing");
        return;
      case NodeKind::group:
        require(!node.body.empty(), "an empty group");
        return;
      case NodeKind::matmul:
      case NodeKind::take_rows:
      case NodeKind::attention_mask:
        return;
    }
  }

  void rows(const Node& node, const Node& group) const {
    const std::vector<Expression>& first = group.body.front().outputs.at(0).shape;
    for (const View& view : node.outputs) {
      require(view.shape.size() >= group.row_rank, "fewer dimensions than the group's rows");
      require(std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(group.row_rank),
                         view.shape.begin()),
              "other rows than the group's");
    }
    require(node.kind == NodeKind::elementwise || node.kind == NodeKind::reduction ||
                node.kind == NodeKind::product,
            "a node that cannot stand in a group");
  }

  const Graph& graph_;
  std::vector<bool> written_;
  std::map<BufferId, const Node*> group_of_;
  std::size_t at_ = 0;
};

}  // namespace

std::string_view name(NodeKind kind) { return kind_names.at(static_cast<std::size_t>(kind)); }

std::vector<Expression> row_major_strides(const std::vector<Expression>& shape) {
  std::vector<Expression> strides(shape.size());
  Expression step(1);
  for (std::size_t dim = shape.size(); dim-- > 0;) {
    strides[dim] = step;
    step = step * shape[dim];
  }
  return strides;
}

View add_buffer(Graph& graph, Buffer buffer) {
  View view{.buffer = static_cast<BufferId>(graph.buffers.size()),
            .shape = buffer.shape,
            .strides = row_major_strides(buffer.shape),
            .offset = 0};
  graph.buffers.push_back(std::move(buffer));
  return view;
}

bool is_contiguous(const View& view) {
  Expression step(1);
  for (std::size_t dim = view.shape.size(); dim-- > 0;) {
    if (!view.shape[dim].is_number(1) && view.strides[dim] != step) return false;
    step = step * view.shape[dim];
  }
  return true;
}

bool covers(const Graph& graph, const View& view) {
  return view.offset.is_number(0) && is_contiguous(view) &&
         product(view.shape) == product(graph.buffers.at(static_cast<std::size_t>(view.buffer)).shape);
}

void check(const Graph& graph) { Checker(graph).run(); }

}  // namespace bv2::engine::compiled
