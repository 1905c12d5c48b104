// Graphs as text.
#include <fmt/format.h>

#include <iterator>
#include <map>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {
namespace {

std::string list(const std::vector<Expression>& sizes) {
  std::string text;
  for (const Expression& size : sizes) text += (text.empty() ? "" : ", ") + to_string(size);
  return text;
}

/// Prints one graph, numbering buffers as they appear.
class Printer {
 public:
  explicit Printer(const Graph& graph) : graph_(graph) {}

  std::string print() {
    fmt::format_to(out(), "graph {}", graph_.name);
    std::string separator = ": ";
    const auto fixed = graph_.fixed.values();
    for (std::size_t i = 0; i < symbol_count; ++i) {
      if (fixed[i] == 0) continue;
      fmt::format_to(out(), "{}{} = {}", separator, name(static_cast<Symbol>(i)), fixed[i]);
      separator = ", ";
    }
    text_ += '\n';
    declarations();
    for (const Node& node : graph_.nodes) print(node, 1);
    text_ += "results";
    for (const View& view : graph_.results) text_ += ' ' + seen(view);
    text_ += '\n';
    return text_;
  }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }

  const Buffer& buffer(BufferId id) const { return graph_.buffers.at(static_cast<std::size_t>(id)); }

  /// Inputs, constants and states come first, in the order of their first use.
  void declarations() {
    for (const Node& node : graph_.nodes) declare(node);
    for (const View& view : graph_.results) declare(view);
  }

  void declare(const Node& node) {
    for (const View& view : node.inputs) declare(view);
    for (const View& view : node.outputs) declare(view);
    for (const Node& inner : node.body) declare(inner);
  }

  void declare(const View& view) {
    if (!view.defined() || numbers_.contains(view.buffer)) return;
    const Buffer& what = buffer(view.buffer);
    if (what.kind == BufferKind::temporary || what.kind == BufferKind::local) return;
    fmt::format_to(out(), "  {} = {}", number(view.buffer), kind(what.kind));
    if (!what.name.empty()) fmt::format_to(out(), " {}", what.name);
    fmt::format_to(out(), " {}", type(what));
    if (what.kind == BufferKind::constant && !what.tensor.is_plain()) text_ += " packed";
    text_ += '\n';
  }

  static std::string_view kind(BufferKind kind) {
    switch (kind) {
      case BufferKind::input:
        return "input";
      case BufferKind::constant:
        return "constant";
      case BufferKind::state:
        return "state";
      case BufferKind::temporary:
        return "temporary";
      case BufferKind::local:
        return "local";
    }
    return "";
  }

  static std::string type(const Buffer& what) {
    return fmt::format("{} [{}]", bv2::name(what.dtype), list(what.shape));
  }

  std::string number(BufferId id) {
    const auto [entry, is_new] = numbers_.emplace(id, numbers_.size());
    return fmt::format("%{}", entry->second);
  }

  std::string seen(const View& view) {
    if (!view.defined()) return "none";
    std::string text = number(view.buffer);
    if (covers(graph_, view) && view.shape == buffer(view.buffer).shape) return text;
    if (covers(graph_, view)) return fmt::format("{}[{}]", text, list(view.shape));
    text += fmt::format("[{} : {}", list(view.shape), list(view.strides));
    if (!view.offset.is_number(0)) text += fmt::format(" @ {}", to_string(view.offset));
    return text + ']';
  }

  /// The first time that a buffer is written its type is said too.
  std::string written(const View& view) {
    const bool first = !numbers_.contains(view.buffer);
    const std::string text = seen(view);
    if (!first) return text;
    const Buffer& what = buffer(view.buffer);
    return fmt::format("{} {}{}", text, what.kind == BufferKind::local ? "local " : "", type(what));
  }

  void print(const Node& node, int depth) {
    const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
    text_ += indent;
    if (node.kind == NodeKind::group) {
      const std::vector<Expression>& shape = node.body.front().outputs.front().shape;
      const auto rows = static_cast<std::ptrdiff_t>(node.row_rank);
      fmt::format_to(out(), "group rows [{}]\n", list({shape.begin(), shape.begin() + rows}));
      for (const Node& inner : node.body) print(inner, depth + 1);
      return;
    }
    std::string inputs;
    for (const View& view : node.inputs) inputs += (inputs.empty() ? "" : ", ") + seen(view);
    inputs += attributes(node);
    std::string outputs;
    for (const View& view : node.outputs) outputs += (outputs.empty() ? "" : ", ") + written(view);
    fmt::format_to(out(), "{} = {}({})\n", outputs, label(node), inputs);
  }

  static std::string_view label(const Node& node) {
    switch (node.kind) {
      case NodeKind::elementwise:
        return node.op == BasicOp::contiguous ? "copy" : bv2::engine::name(node.op);
      case NodeKind::reduction:
        return bv2::engine::name(node.op);
      case NodeKind::call:
        return node.call->name();
      default:
        return name(node.kind);
    }
  }

  static std::string attributes(const Node& node) {
    if (node.op == BasicOp::add_scalar || node.op == BasicOp::mul_scalar)
      return fmt::format(", {}", node.scalar);
    if (node.kind == NodeKind::attention_mask)
      return fmt::format("{}, window={}", node.causal ? ", causal" : "", node.window);
    if (node.kind != NodeKind::call) return "";
    std::string text = list(node.numbers);
    const std::string parameters = node.call->parameters();
    if (!parameters.empty()) text += (text.empty() ? "" : ", ") + parameters;
    return text.empty() || node.inputs.empty() ? text : "; " + text;
  }

  const Graph& graph_;
  std::map<BufferId, std::size_t> numbers_;
  std::string text_;
};

}  // namespace

std::string to_text(const Graph& graph) { return Printer(graph).print(); }

}  // namespace bv2::engine::compiled
