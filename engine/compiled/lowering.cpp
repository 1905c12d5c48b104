// From a graph to steps.
#include "engine/compiled/lowering.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/compiled/product_epilogue.h"
#include "engine/compiled/streamed_code.h"
#include "engine/kernels/panels.h"

namespace bv2::engine::compiled {
namespace {

Buffer& buffer_of(Graph& graph, const View& view) {
  return graph.buffers[static_cast<std::size_t>(view.buffer)];
}

/// Products read panels; a model that was not packed for them is packed here.
void pack_weights_of(Graph& graph, const Node& product) {
  for (std::size_t i = 1; i < product.inputs.size(); i += 2) {
    Tensor& weight = buffer_of(graph, product.inputs[i]).tensor;
    if (weight.is_plain()) weight = packed(weight);
  }
}

Node group_of(std::vector<Node> body, const Node& like) {
  Node group = like;
  group.body = std::move(body);
  return group;
}

/// Group or single node: element-wise nodes and reductions as a group over all dimensions but the last.
Node as_group(const Node& node) {
  if (node.kind == NodeKind::group) return node;
  Node group;
  group.kind = NodeKind::group;
  const View& shaped = node.kind == NodeKind::product ? node.inputs[0] : node.outputs[0];
  group.row_rank = shaped.shape.empty() ? 0 : shaped.shape.size() - 1;
  group.body = {node};
  return group;
}

/// Calls visit(view) for every view of a list of nodes, those of local buffers too.
template <class Visit>
void for_each_view(const std::vector<Node>& nodes, const Visit& visit) {
  for (const Node& node : nodes) {
    for (const View& view : node.inputs)
      if (view.defined()) visit(view);
    for (const View& view : node.outputs) visit(view);
  }
}

class Lowering {
 public:
  Lowering(const Graph& graph, const CodeChoices& choices) : choices_(choices) { result_.graph = graph; }

  LoweredGraph run() {
    Graph& graph = result_.graph;
    const std::vector<Node> nodes = std::exchange(graph.nodes, {});
    for (const Node& node : nodes)
      if (const Node* product = product_of(node)) pack_weights_of(graph, *product);
    bool any_few = false;
    bool any_many = false;
    for (const Node& node : nodes) {
      if (product_of(node) == nullptr) continue;
      (can_stream(node) ? any_few : any_many) = true;
      if (can_stream(node) && !row_count(as_group(node)).is_number()) any_many = true;
    }
    if (any_few || !any_many) lower_all(nodes, true, result_.few);
    if (any_many) lower_all(nodes, false, result_.many);
    if (!any_many) result_.few_rows.clear();
    // One way to run is enough where the other would be chosen always.
    if (any_few && any_many && result_.few_rows.empty()) result_.many.clear();
    return std::move(result_);
  }

 private:
  /// Whether a product ever has so few rows that its weights are streamed, and what is fused to it can be.
  bool can_stream(const Node& node) {
    if (choices_.few_rows == 0) return false;
    const Node group = as_group(node);
    const Expression rows = row_count(group);
    if (rows.is_number() && rows.value() > choices_.few_rows) return false;
    for (const Expression::Term& term : rows.terms())
      if (term.powers[static_cast<std::size_t>(Symbol::tokens)] > 0) return false;
    const SplitGroup parts = split_around_product(group);
    return can_follow_streamed_product(result_.graph, *parts.product, parts.after, group.row_rank);
  }

  static Expression row_count(const Node& group) {
    const Node* product = product_of(group);
    const std::vector<Expression>& shape = product->inputs[0].shape;
    return compiled::product({shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(group.row_rank)});
  }

  void lower_all(const std::vector<Node>& nodes, bool few, std::vector<Step>& steps) {
    for (index_ = 0; index_ < nodes.size(); ++index_) lower_node(nodes[index_], few, steps);
  }

  void lower_node(const Node& node, bool few, std::vector<Step>& steps) {
    const auto add = [&](StepKind kind, Node step) { steps.push_back({kind, std::move(step), index_}); };
    switch (node.kind) {
      case NodeKind::matmul:
      case NodeKind::call:
        return add(StepKind::host, node);
      case NodeKind::take_rows:
        return add(StepKind::take_rows, node);
      case NodeKind::attention_mask:
        return add(StepKind::mask, node);
      case NodeKind::elementwise:
      case NodeKind::reduction:
        return add(StepKind::rows, as_group(node));
      case NodeKind::product:
      case NodeKind::group:
        break;
    }
    if (product_of(node) == nullptr) return add(StepKind::rows, node);
    if (few && can_stream(node)) return lower_streamed(as_group(node), steps);
    lower_product(as_group(node), steps);
  }

  void lower_streamed(const Node& group, std::vector<Step>& steps) {
    const Expression rows = row_count(group);
    if (!rows.is_number() && std::ranges::find(result_.few_rows, rows) == result_.few_rows.end())
      result_.few_rows.push_back(rows);
    SplitGroup parts = split_around_product(group);
    const bool can_fuse =
        can_precede_streamed_product(result_.graph, parts.before, *parts.product, parts.after);
    if (parts.before.empty() || (choices_.fuse_input && can_fuse)) {
      steps.push_back({StepKind::streamed, group, index_});
      return;
    }
    std::vector<Node> rest{*parts.product};
    rest.insert(rest.end(), parts.after.begin(), parts.after.end());
    share_locals({&parts.before, &rest});
    steps.push_back({StepKind::rows, group_of(std::move(parts.before), group), index_});
    steps.push_back({StepKind::streamed, group_of(std::move(rest), group), index_});
  }

  void lower_product(const Node& group, std::vector<Step>& steps) {
    SplitGroup parts = split_around_product(group);
    if (lower_with_epilogue(parts, group, steps)) return;
    std::vector<Node> middle{*parts.product};
    share_locals({&parts.before, &middle, &parts.after});
    // The library writes all it computes, also what nobody reads.
    for (View& output : middle[0].outputs)
      if (buffer_at(output.buffer).kind == BufferKind::local) output = added_twin(output);
    // The library writes rows without gaps.
    for (View& output : middle[0].outputs) {
      if (is_contiguous(output)) continue;
      const View gathered = added({.kind = BufferKind::temporary,
                                   .dtype = buffer_of(result_.graph, output).dtype,
                                   .shape = output.shape,
                                   .name = {},
                                   .tensor = {}});
      Node copy;
      copy.inputs = {gathered};
      copy.outputs = {output};
      parts.after.insert(parts.after.begin(), copy);
      output = gathered;
    }
    View& x = middle[0].inputs[0];
    if (!is_contiguous(x)) {
      const View gathered = added({.kind = BufferKind::temporary,
                                   .dtype = buffer_of(result_.graph, x).dtype,
                                   .shape = x.shape,
                                   .name = {},
                                   .tensor = {}});
      Node copy;
      copy.inputs = {x};
      copy.outputs = {gathered};
      parts.before.push_back(copy);
      x = gathered;
    }
    if (!parts.before.empty())
      steps.push_back({StepKind::rows, group_of(std::move(parts.before), group), index_});
    steps.push_back({StepKind::host, middle[0], index_});
    if (!parts.after.empty())
      steps.push_back({StepKind::rows, group_of(std::move(parts.after), group), index_});
  }

  /// Where what follows the product can be done with it.
  bool lower_with_epilogue(SplitGroup& parts, const Node& group, std::vector<Step>& steps) {
    const auto epilogue = product_epilogue(result_.graph, *parts.product, parts.after);
    if (!epilogue || !is_contiguous(parts.product->inputs[0])) return false;
    std::vector<Node> fused{*parts.product};
    fused.insert(fused.end(), parts.after.begin(), parts.after.end());
    for (const Node& node : fused)
      for (const View& view : node.outputs)
        if (view.buffer != epilogue->out.buffer && buffer_at(view.buffer).kind != BufferKind::local)
          return false;
    share_locals({&parts.before, &fused});
    if (epilogue->other == ProductFusion::Other::multiply) {
      replace(fused, epilogue->operand.buffer, added_twin(epilogue->operand).buffer);
    }
    if (!parts.before.empty())
      steps.push_back({StepKind::rows, group_of(std::move(parts.before), group), index_});
    steps.push_back({StepKind::host, group_of(std::move(fused), group), index_});
    return true;
  }

  /// The same elements in memory of their own.
  View added_twin(View local) {
    Buffer buffer = buffer_at(local.buffer);
    buffer.kind = BufferKind::temporary;
    local.buffer = added(std::move(buffer)).buffer;
    return local;
  }

  View added(Buffer buffer) {
    const View view = add_buffer(result_.graph, std::move(buffer));
    result_.added.push_back({view.buffer, index_});
    return view;
  }

  /// Gives memory to the local buffers that several of the lists use: they will be steps of their own.
  void share_locals(std::initializer_list<std::vector<Node>*> lists) {
    std::map<BufferId, int> users;
    for (const std::vector<Node>* list : lists) {
      std::set<BufferId> used;
      for_each_view(*list, [&](const View& view) { used.insert(view.buffer); });
      for (const BufferId buffer : used) ++users[buffer];
    }
    for (const auto& [local, count] : users) {
      if (count < 2 || buffer_at(local).kind != BufferKind::local) continue;
      const BufferId twin = added_twin({.buffer = local}).buffer;
      for (std::vector<Node>* list : lists) replace(*list, local, twin);
    }
  }

  static void replace(std::vector<Node>& nodes, BufferId from, BufferId to) {
    for (Node& node : nodes)
      for (std::vector<View>* views : {&node.inputs, &node.outputs})
        for (View& view : *views)
          if (view.buffer == from) view.buffer = to;
  }

  Buffer& buffer_at(BufferId buffer) { return result_.graph.buffers[static_cast<std::size_t>(buffer)]; }

  const CodeChoices& choices_;
  LoweredGraph result_;
  std::size_t index_ = 0;
};

}  // namespace

std::string to_string(const CodeChoices& choices) {
  std::string text =
      fmt::format("few_rows={}, {}", choices.few_rows,
                  choices.fuse_input ? "inputs of products fused" : "inputs of products apart");
  if (choices.streams > 1) text += fmt::format(", streams of weights: {}", choices.streams);
  if (choices.waiting_bytes > 0)
    text += fmt::format(", {} bytes of weights asked for while waiting", choices.waiting_bytes);
  if (choices.own_products) text += ", own loops for products of many rows";
  return text;
}

const Node* product_of(const Node& node) {
  if (node.kind == NodeKind::product) return &node;
  const auto found = std::ranges::find(node.body, NodeKind::product, &Node::kind);
  return found == node.body.end() ? nullptr : &*found;
}

SplitGroup split_around_product(const Node& group) {
  const auto at = std::ranges::find(group.body, NodeKind::product, &Node::kind);
  return {.before = {group.body.begin(), at}, .product = &*at, .after = {at + 1, group.body.end()}};
}

LoweredGraph lower(const Graph& graph, const CodeChoices& choices) { return Lowering(graph, choices).run(); }

}  // namespace bv2::engine::compiled
