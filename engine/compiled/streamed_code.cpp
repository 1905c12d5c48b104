// Code for products of a few rows.
#include "engine/compiled/streamed_code.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/compiled/lowering.h"
#include "engine/compiled/operation_code.h"
#include "engine/compiled/row_code.h"
#include "engine/kernels/panels.h"

namespace bv2::engine::compiled {
namespace {

/// Outputs of a product that what follows joins (gate and up): a panel of each is computed together.
struct JoinedOutputs {
  std::vector<std::size_t> outputs;
  std::vector<Node> after;
  std::int64_t columns = 0;
  std::int64_t panels = 0;
};

class Sets {
 public:
  explicit Sets(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0); }
  std::size_t root(std::size_t i) const {
    while (parent_[i] != i) i = parent_[i];
    return i;
  }
  void join(std::size_t a, std::size_t b) { parent_[root(b)] = root(a); }

 private:
  std::vector<std::size_t> parent_;
};

/// Which of the product's outputs each buffer was computed from, through `after`.
std::map<BufferId, std::size_t> origins(const Node& product, std::span<const Node> after, Sets& sets) {
  std::map<BufferId, std::size_t> from;
  for (std::size_t i = 0; i < product.outputs.size(); ++i) from[product.outputs[i].buffer] = i;
  for (const Node& node : after) {
    const std::size_t* first = nullptr;
    for (const View& input : node.inputs) {
      const auto found = from.find(input.buffer);
      if (found == from.end()) continue;
      if (first != nullptr) sets.join(*first, found->second);
      if (first == nullptr) first = &found->second;
    }
    if (first != nullptr) from[node.outputs[0].buffer] = *first;
  }
  return from;
}

std::vector<JoinedOutputs> joined_outputs(const Node& product, std::span<const Node> after) {
  Sets sets(product.outputs.size());
  const auto from = origins(product, after, sets);
  std::vector<JoinedOutputs> joined;
  for (std::size_t root = 0; root < product.outputs.size(); ++root) {
    if (sets.root(root) != root) continue;
    JoinedOutputs part;
    for (std::size_t i = 0; i < product.outputs.size(); ++i)
      if (sets.root(i) == root) part.outputs.push_back(i);
    for (const Node& node : after)
      if (sets.root(from.at(node.outputs[0].buffer)) == root) part.after.push_back(node);
    part.columns = product.outputs[root].shape.back().value();
    part.panels = (part.columns + PanelMatrix::panel_outputs - 1) / PanelMatrix::panel_outputs;
    joined.push_back(std::move(part));
  }
  return joined;
}

/// Prints one function.
class StreamedCode {
 public:
  StreamedCode(const Graph& graph, const Node& group, const CodeChoices& choices)
      : graph_(graph),
        group_(group),
        few_rows_(choices.few_rows),
        parts_(split_around_product(group)),
        product_(*parts_.product),
        depth_(product_.inputs[0].shape.back().value()),
        arguments_(graph_) {
    const std::vector<Expression>& shape = product_.inputs[0].shape;
    rows_.assign(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(group.row_rank));
    for (std::size_t i = 0; i < product_.outputs.size(); ++i) {
      sums_.push_back(local_like(product_.outputs[i], Dtype::float32));
      products_.push_back(local_like(product_.outputs[i], dtype_of(product_.outputs[i])));
    }
    wide_input_ = local_like(product_.inputs[0], Dtype::float32);
  }

  Function print() {
    CodeText input = print_input();
    CodeText panels = print_panels();
    CodeText text(1);
    text.line("static constexpr long depth = {};  // of the product", depth_);
    declare_sizes(text);
    arguments_.declare(text);
    text.line("const long all_rows = {};  // {}", to_string(product(rows_)), shape_text(rows_));
    text.line("float* const scratch = team.scratch + {} * depth;", few_rows_);
    text.line("// One row of the input as float32; each thread does it for itself.");
    text.open("const auto compute_input = [&](long row, float* x)");
    text.append(input);
    text.close(";");
    text.line("// All panels of outputs that are this thread's share, for `rows` rows from row0 on.");
    text.open("const auto multiply = [&](auto row_count, long row0)");
    text.line("constexpr int rows = decltype(row_count)::value;");
    text.line("float* const x = team.scratch;  // [rows, depth]");
    text.line("for (int r = 0; r < rows; ++r) compute_input(row0 + r, x + r * depth);");
    text.append(panels);
    text.close(";");
    text.line("long row = 0;");
    text.line("for (; row + {} <= all_rows; row += {}) multiply(Count<{}>(), row);", few_rows_, few_rows_,
              few_rows_);
    for (std::int64_t rows = few_rows_ - 1; rows > 0; --rows) {
      if (!has_rows(rows)) continue;
      text.line("if (all_rows - row == {}) return multiply(Count<{}>(), row);", rows, rows);
    }
    std::vector<Expression> scratch = scratch_floats_;
    scratch.emplace_back(few_rows_ * depth_ + 16);
    return {.name = "streamed_" + operations_name(group_.body),
            .body = text.text(),
            .arguments = arguments_.buffers(),
            .scratch_floats = std::move(scratch),
            .weights = std::move(weights_),
            .panels = panel_count_};
  }

 private:
  /// Whether that many rows can be left when whole blocks are done.
  [[nodiscard]] bool has_rows(std::int64_t rows) const {
    const Expression all = product(rows_);
    return !all.is_number() || all.value() % few_rows_ == rows;
  }

  CodeText print_input() {
    const View& x = product_.inputs[0];
    const bool is_local = graph_.buffers[static_cast<std::size_t>(x.buffer)].kind == BufferKind::local;
    std::set<BufferId> stored;
    for (;;) {
      CodeText text(2);
      const std::vector<std::string> index = declare_row_index(text, rows_);
      RowCode code(arguments_, text, group_.row_rank, index, stored);
      code.set_scratch("scratch");
      if (is_local) {
        stored.insert(x.buffer);
        code.place_local(x.buffer, "x");
        code.print(parts_.before);
      } else {
        stored.insert(wide_input_);
        code.place_local(wide_input_, "x");
        code.print_copy(x, wide_input_);
      }
      std::set<BufferId> needed = code.needed_locals();
      if (std::ranges::includes(stored, needed)) {
        scratch_floats_ = code.scratch_floats();
        return text;
      }
      stored.merge(needed);
    }
  }

  CodeText print_panels() {
    const std::vector<JoinedOutputs> joined = joined_outputs(product_, parts_.after);
    for (const JoinedOutputs& part : joined) {
      note_weights(part);
      panel_count_ += part.panels;
    }
    CodeText text(2);
    text.line("constexpr long panels = {};", panel_count_);
    text.line("const long first = share(panels, team.thread, team);");
    text.line("const long last = share(panels, team.thread + 1, team);");
    std::int64_t first = 0;
    for (const JoinedOutputs& part : joined) {
      print_part(text, part, first);
      first += part.panels;
    }
    return text;
  }

  [[nodiscard]] PanelMatrix matrix_of(std::size_t output) const {
    return panels_of(graph_.buffers[static_cast<std::size_t>(product_.inputs[1 + 2 * output].buffer)].tensor);
  }

  /// Of outputs that are joined a panel of the first is read first.
  void note_weights(const JoinedOutputs& part) {
    weights_.push_back({.first = panel_count_,
                        .buffer = product_.inputs[1 + 2 * part.outputs[0]].buffer,
                        .panel_bytes = static_cast<std::int64_t>(matrix_of(part.outputs[0]).panel_bytes())});
  }

  /// The weights of a part's outputs have one dtype: the product's.
  void print_part(CodeText& text, const JoinedOutputs& part, std::int64_t first) {
    const PanelMatrix matrix = matrix_of(part.outputs[0]);
    std::string weights;
    for (const std::size_t output : part.outputs) {
      const BufferId weight = product_.inputs[1 + 2 * output].buffer;
      weights += (weights.empty() ? "" : ", ") + arguments_.name(weight);
    }
    const std::string name = fmt::format("weights{}", part.outputs[0]);
    text.line("const {}* const {}[] = {{{}}};", element_type(matrix.dtype), name, weights);
    text.open("const auto finish{} = [&](long panel, floats (*sums)[rows][panel_vectors])", part.outputs[0]);
    print_finish(text, part);
    text.close(";");
    text.line("for_panels<rows>(x, depth, {}, {}, within(first, {}, {}), within(last, {}, {}), finish{});",
              name, matrix.panel_bytes() / size_bytes(matrix.dtype), first, part.panels, first, part.panels,
              part.outputs[0]);
  }

  /// What follows the sums of a panel: of outputs [panel * 64, panel * 64 + 64).
  void print_finish(CodeText& text, const JoinedOutputs& part) {
    text.open("for (int r = 0; r < rows; ++r)");
    text.line("const long row = row0 + r;");
    const std::vector<std::string> index = declare_row_index(text, rows_);
    RowCode code(arguments_, text, group_.row_rank, index, no_locals_);
    const std::vector<Node> nodes = nodes_of(part);
    code.declare_rows(nodes);
    text.open("for (int v = 0; v < panel_vectors; ++v)");
    text.line("const long j = panel * panel_outputs + v * lanes;");
    for (std::size_t i = 0; i < part.outputs.size(); ++i)
      code.know(sum_view(part.outputs[i]), fmt::format("sums[{}][r][v]", i));
    constexpr std::int64_t most_lanes = 16;
    if (part.columns % PanelMatrix::panel_outputs != 0) text.line("if (j >= {}) break;", part.columns);
    if (part.columns % most_lanes == 0) {
      code.print_at_column(nodes, "");
    } else {
      text.line("const long live = {} - j < lanes ? {} - j : lanes;", part.columns, part.columns);
      code.print_at_column(nodes, "live");
    }
    text.close();
    text.close();
  }

  [[nodiscard]] Dtype dtype_of(const View& view) const {
    return graph_.buffers[static_cast<std::size_t>(view.buffer)].dtype;
  }

  BufferId local_like(const View& view, Dtype dtype) {
    graph_.buffers.push_back(
        {.kind = BufferKind::local, .dtype = dtype, .shape = view.shape, .name = {}, .tensor = {}});
    return static_cast<BufferId>(graph_.buffers.size() - 1);
  }

  /// The output's sums before they are rounded.
  View sum_view(std::size_t output) const {
    View view = product_.outputs[output];
    view.buffer = sums_[output];
    return view;
  }

  /// The product's rounding and its bias as nodes, then what follows it.
  std::vector<Node> nodes_of(const JoinedOutputs& part) const {
    std::vector<Node> nodes;
    for (const std::size_t output : part.outputs) {
      const View& bias = product_.inputs[2 + 2 * output];
      Node round;
      round.op = BasicOp::cast;
      round.inputs = {sum_view(output)};
      round.outputs = {product_.outputs[output]};
      if (bias.defined()) round.outputs[0].buffer = products_[output];
      nodes.push_back(round);
      if (!bias.defined()) continue;
      Node add;
      add.op = BasicOp::add;
      add.inputs = {round.outputs[0], bias};
      add.inputs[1].shape = product_.outputs[output].shape;
      add.inputs[1].strides.assign(add.inputs[1].shape.size(), Expression(0));
      add.inputs[1].strides.back() = bias.strides.back();
      add.outputs = {product_.outputs[output]};
      nodes.push_back(add);
    }
    nodes.insert(nodes.end(), part.after.begin(), part.after.end());
    return nodes;
  }

  Graph graph_;  // with local buffers for the sums
  const Node& group_;
  std::int64_t few_rows_;
  SplitGroup parts_;
  const Node& product_;
  std::int64_t depth_;
  std::vector<Expression> rows_;
  BufferArguments arguments_;
  std::vector<Expression> scratch_floats_;
  std::vector<PanelRun> weights_;
  std::int64_t panel_count_ = 0;
  std::set<BufferId> no_locals_;
  std::vector<BufferId> sums_;      // of each output, not rounded yet
  std::vector<BufferId> products_;  // of each output, before its bias
  BufferId wide_input_ = no_buffer;
};

}  // namespace

bool can_follow_streamed_product(const Graph& graph, const Node& product, std::span<const Node> after,
                                 std::size_t row_rank) {
  if (product.inputs[0].shape.size() != row_rank + 1) return false;
  for (const View& output : product.outputs)
    if (output.shape.size() != row_rank + 1 || !output.shape.back().is_number()) return false;
  Sets sets(product.outputs.size());
  const auto from = origins(product, after, sets);
  std::map<BufferId, const View*> written;
  for (const View& output : product.outputs) written[output.buffer] = &output;
  for (const Node& node : after) {
    const auto found = from.find(node.outputs[0].buffer);
    if (node.kind != NodeKind::elementwise || found == from.end()) return false;
    const View& sums = product.outputs[found->second];
    if (node.outputs[0].shape != sums.shape) return false;
    for (const View& input : node.inputs) {
      const auto made = written.find(input.buffer);
      const bool is_local = graph.buffers[static_cast<std::size_t>(input.buffer)].kind == BufferKind::local;
      // Only a value of this very column is in a register.
      if (made != written.end() && !(input == *made->second)) return false;
      if (made == written.end() && is_local) return false;
    }
    written[node.outputs[0].buffer] = &node.outputs[0];
  }
  const std::vector<JoinedOutputs> joined = joined_outputs(product, after);
  return std::ranges::all_of(joined, [&](const JoinedOutputs& part) {
    return std::ranges::all_of(part.outputs, [&](std::size_t output) {
      return product.outputs[output].shape.back().is_number(part.columns);
    });
  });
}

bool can_precede_streamed_product(const Graph& graph, std::span<const Node> before, const Node& product,
                                  std::span<const Node> after) {
  const View& x = product.inputs[0];
  const auto is_local = [&](BufferId id) {
    return graph.buffers[static_cast<std::size_t>(id)].kind == BufferKind::local;
  };
  std::set<BufferId> written;
  for (const Node& node : before)
    for (const View& view : node.outputs) written.insert(view.buffer);
  if (!written.contains(x.buffer) || !x.strides.back().is_number(1) || !x.offset.is_number(0)) return false;
  if (!std::ranges::all_of(written, is_local)) return false;
  return std::ranges::none_of(after, [&](const Node& node) {
    return std::ranges::any_of(node.inputs, [&](const View& view) { return written.contains(view.buffer); });
  });
}

Function streamed_function(const Graph& graph, const Node& group, const CodeChoices& choices) {
  return StreamedCode(graph, group, choices).print();
}

}  // namespace bv2::engine::compiled
