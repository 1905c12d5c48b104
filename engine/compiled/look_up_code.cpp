// Code for look-ups in tables and for attention masks.
#include "engine/compiled/look_up_code.h"

#include <span>

#include "base/error.h"
#include "engine/kernels/panels.h"

namespace bv2::engine::compiled {
namespace {

/// Begins the function's loop over rows [0, product(shape)): text, then `row` and its index.
std::vector<std::string> open_rows(CodeText& text, const std::vector<Expression>& shape) {
  text.line("const long rows = {};  // {}", to_string(product(shape)), shape_text(shape));
  text.line("const long last = share(rows, team.thread + 1, team);");
  text.open("for (long row = share(rows, team.thread, team); row < last; ++row)");
  return declare_row_index(text, shape);
}

Function finished(std::string name, BufferArguments& arguments, const CodeText& inner) {
  CodeText text(1);
  declare_sizes(text);
  arguments.declare(text);
  text.append(inner);
  return {
      .name = std::move(name), .body = text.text(), .arguments = arguments.buffers(), .scratch_floats = {}};
}

/// Where element `j` of row `id` of the table is, from its pointer.
std::string table_index(const Buffer& table, const View& view) {
  if (!table.tensor.defined() || table.tensor.is_plain()) {
    return index_text(view.offset, view.strides, std::array<std::string, 2>{"id", "j"});
  }
  const PanelMatrix matrix = panels_of(table.tensor);
  const auto elements = matrix.panel_bytes() / size_bytes(matrix.dtype);
  const int pair = matrix.dtype == Dtype::bfloat16 ? 2 : 1;
  return pair == 1 ? fmt::format("id / 64 * {} + j * 64 + id % 64", elements)
                   : fmt::format("id / 64 * {} + j / 2 * 128 + id % 64 * 2 + j % 2", elements);
}

}  // namespace

Function take_rows_function(const Graph& graph, const Node& node) {
  const View& table = node.inputs[0];
  const View& ids = node.inputs[1];
  const View& output = node.outputs[0];
  BufferArguments arguments(graph);
  CodeText text(1);
  const std::vector<std::string> index = open_rows(text, ids.shape);
  text.line("const long id = {}[{}];", arguments.name(ids.buffer),
            index_text(ids.offset, ids.strides, index));
  text.open("if (id < 0 || id >= {})", to_string(table.shape[0]));
  text.line("*call.bad_id = id;");
  text.line("continue;");
  text.close();
  text.open("for (long j = 0; j < {}; ++j)", to_string(table.shape[1]));
  std::vector<std::string> to = index;
  to.emplace_back("j");
  text.line("{}[{}] = {}[{}];", arguments.name(output.buffer), index_text(output.offset, output.strides, to),
            arguments.name(table.buffer), table_index(arguments.buffer(table.buffer), table));
  text.close();
  text.close();
  return finished("take_rows", arguments, text);
}

Function mask_function(const Graph& graph, const Node& node) {
  const View& padding = node.inputs[0];
  const View& mask = node.outputs[0];  // [rows, 1, tokens, keys]
  BufferArguments arguments(graph);
  CodeText text(1);
  const std::vector<Expression> shape(mask.shape.begin(), mask.shape.begin() + 3);
  std::vector<std::string> index = open_rows(text, shape);
  text.line("const long keys = {};", to_string(mask.shape[3]));
  text.line("const long position = keys - {} + {};", factor_text(mask.shape[2]), index[2]);
  text.line("long first = {};", node.window > 0 ? fmt::format("position - {}", node.window - 1) : "0");
  if (padding.defined()) {
    text.line("const long padded = {}[{}];", arguments.name(padding.buffer),
              index_text(padding.offset, padding.strides, std::span(index).first(1)));
    text.line("if (padded > first) first = padded;");
  }
  text.line("const long end = {};", node.causal ? "position + 1" : "keys");
  index.emplace_back("j");
  const std::string type(element_type(arguments.buffer(mask.buffer).dtype));
  text.open("for (long j = 0; j < keys; ++j)");
  text.line("const floats seen = splat(j >= first && j < end ? 0.0f : -__builtin_inff());");
  text.line("store_some({} + {}, seen, 1);", arguments.name(mask.buffer),
            index_text(mask.offset, mask.strides, index));
  text.close();
  text.close();
  return finished("attention_mask", arguments, text);
}

}  // namespace bv2::engine::compiled
