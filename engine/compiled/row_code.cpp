// Code for element-wise nodes and reductions over common rows.
#include "engine/compiled/row_code.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "engine/compiled/operation_code.h"

namespace bv2::engine::compiled {
namespace {

bool is_one(const Expression& size) { return size.is_number(1); }

bool reads(const Node& node, BufferId buffer) {
  return std::ranges::any_of(node.inputs, [&](const View& view) { return view.buffer == buffer; });
}

bool writes(const Node& node, BufferId buffer) {
  return std::ranges::any_of(node.outputs, [&](const View& view) { return view.buffer == buffer; });
}

/// Elements of local memory that the views of a buffer reach within a row: the most, or, where sizes are not
/// numbers, enough for all.
Expression row_extent(std::span<const Node> nodes, BufferId buffer, std::size_t row_rank) {
  Expression numbers(0);
  std::vector<Expression> others;
  const auto note = [&](const View& view) {
    if (view.buffer != buffer) return;
    Expression extent = view.offset + Expression(1);
    for (std::size_t dim = row_rank; dim < view.shape.size(); ++dim)
      extent += (view.shape[dim] - Expression(1)) * view.strides[dim];
    if (extent.is_number())
      numbers = std::max(numbers.value(), extent.value());
    else if (std::ranges::find(others, extent) == others.end())
      others.push_back(extent);
  };
  for (const Node& node : nodes) {
    std::ranges::for_each(node.inputs, note);
    std::ranges::for_each(node.outputs, note);
  }
  for (const Expression& other : others) numbers += other;
  return numbers;
}

}  // namespace

RowCode::RowCode(BufferArguments& arguments, CodeText& code, std::size_t row_rank,
                 std::vector<std::string> row_index, const std::set<BufferId>& stored_locals)
    : arguments_(arguments),
      code_(code),
      row_rank_(row_rank),
      row_index_(std::move(row_index)),
      stored_(stored_locals) {}

bool RowCode::is_local(const View& view) const {
  return arguments_.buffer(view.buffer).kind == BufferKind::local;
}

std::vector<Expression> RowCode::inner_shape(const View& view) const {
  return {view.shape.begin() + static_cast<std::ptrdiff_t>(row_rank_), view.shape.end()};
}

std::vector<Expression> RowCode::loop_shape(const Node& node) const {
  return inner_shape(node.kind == NodeKind::reduction ? node.inputs[0] : node.outputs[0]);
}

bool RowCode::is_uniform(const View& view) const { return std::ranges::all_of(inner_shape(view), is_one); }

std::string RowCode::key(const View& view) const {
  std::string text = fmt::format("{}|{}", view.buffer, to_string(view.offset));
  for (std::size_t dim = 0; dim < view.shape.size(); ++dim)
    text += is_one(view.shape[dim]) ? "|0" : "|" + to_string(view.strides[dim]);
  return text;
}

/// Of the one number a row that the view shows, as often as its shape says.
std::string RowCode::uniform_key(const View& view) const {
  std::string text = fmt::format("{}|{}", view.buffer, to_string(view.offset));
  if (is_local(view)) return text;
  for (std::size_t dim = 0; dim < row_rank_; ++dim)
    text += is_one(view.shape[dim]) ? "|0" : "|" + to_string(view.strides[dim]);
  return text;
}

std::string RowCode::new_name(std::string_view prefix) { return fmt::format("{}{}", prefix, names_++); }

bool RowCode::joins_loop(const Node& node, std::span<const Node> loop) const {
  if (loop_shape(node) != loop_shape(loop[0])) return false;
  for (const Node& earlier : loop) {
    for (const View& written : earlier.outputs) {
      const auto clashes = [&](const View& view) {
        if (view.buffer != written.buffer) return false;
        return earlier.kind == NodeKind::reduction || key(view) != key(written);
      };
      if (std::ranges::any_of(node.inputs, clashes) || std::ranges::any_of(node.outputs, clashes))
        return false;
    }
    for (const View& read : earlier.inputs) {
      const auto clashes = [&](const View& view) {
        return view.buffer == read.buffer && key(view) != key(read);
      };
      if (std::ranges::any_of(node.outputs, clashes)) return false;
    }
  }
  return true;
}

void RowCode::declare_rows(std::span<const Node> nodes) {
  const auto declare = [&](const View& view) {
    if (!view.defined() || is_local(view) || placed_.contains(view.buffer)) return;
    const std::span<const Expression> strides(view.strides.data(), row_rank_);
    const std::string start = index_text(view.offset, strides, row_index_);
    const std::string base = arguments_.name(view.buffer);
    auto [entry, is_new] = row_pointers_.emplace(base + "+" + start, base);
    if (!is_new || start == "0") return;
    entry->second = new_name("r");
    code_.line("auto* const {} = {} + {};", entry->second, base, start);
  };
  for (const Node& node : nodes) {
    if (node.kind == NodeKind::product) continue;
    std::ranges::for_each(node.inputs, declare);
    std::ranges::for_each(node.outputs, declare);
  }
}

RowCode::Place RowCode::place_of(const View& view) {
  if (const auto placed = placed_.find(view.buffer); placed != placed_.end())
    return {placed->second, view.offset, "float"};
  if (!is_local(view)) {
    const std::span<const Expression> strides(view.strides.data(), row_rank_);
    const std::string start = index_text(view.offset, strides, row_index_);
    return {row_pointers_.at(arguments_.name(view.buffer) + "+" + start), Expression(0),
            element_type(arguments_.buffer(view.buffer).dtype)};
  }
  Expression offset(0);
  for (const Expression& earlier : scratch_floats_) offset += earlier;
  placed_[view.buffer] =
      offset == Expression(0) ? scratch_ : fmt::format("{} + {}", scratch_, to_string(offset));
  // Whole vectors may be written at its end.
  constexpr std::int64_t most_lanes = 16;
  scratch_floats_.push_back(row_extent(all_, view.buffer, row_rank_) + Expression(most_lanes));
  return place_of(view);
}

std::string RowCode::address(const View& view, const std::string& column) {
  const Place place = place_of(view);
  const std::vector<Expression> strides(view.strides.begin() + static_cast<std::ptrdiff_t>(row_rank_),
                                        view.strides.end());
  std::vector<std::string> index = loop_index_;
  index.resize(strides.size(), "0");
  if (!strides.empty()) index.back() = column;
  for (std::size_t dim = 0; dim < index.size(); ++dim)
    if (is_one(view.shape[row_rank_ + dim])) index[dim] = "0";
  const std::string start = index_text(place.offset, strides, index);
  return start == "0" ? place.pointer : place.pointer + " + " + start;
}

std::string RowCode::load(const View& view, const std::string& live) {
  element_type(arguments_.buffer(view.buffer).dtype);
  if (is_local(view)) needed_.insert(view.buffer);
  const bool repeats =
      view.shape.size() == row_rank_ || is_one(view.shape.back()) || view.strides.back().is_number(0);
  if (repeats) return fmt::format("load_one({})", address(view, "0"));
  const Expression& stride = view.strides.back();
  if (!stride.is_number(1)) {
    return fmt::format("load_apart({}, {}, {})", address(view, "j"), to_string(stride),
                       live.empty() ? "lanes" : live);
  }
  return live.empty() ? fmt::format("load({})", address(view, "j"))
                      : fmt::format("load_some({}, {})", address(view, "j"), live);
}

/// A cast or copy of what the group only reads is cheaper to repeat than to keep.
const Node* RowCode::copy_that_gives(const View& view) const {
  for (const Node& node : all_.first(printed_)) {
    if (node.kind != NodeKind::elementwise || (node.op != BasicOp::cast && node.op != BasicOp::contiguous))
      continue;
    const View& source = node.inputs[0];
    const bool is_constant = !is_local(source) && std::ranges::none_of(all_, [&](const Node& other) {
      return writes(other, source.buffer);
    });
    if (is_constant && key(node.outputs[0]) == key(view) && node.outputs[0].shape == view.shape) return &node;
  }
  return nullptr;
}

std::string RowCode::value(const View& view, const std::string& live) {
  const std::string wanted = key(view);
  if (const auto found = values_.find(wanted); found != values_.end()) return found->second;
  bool repeats = true;
  for (std::size_t dim = row_rank_; dim < view.shape.size(); ++dim)
    repeats = repeats && (is_one(view.shape[dim]) || view.strides[dim].is_number(0));
  if (repeats) {
    const auto found = uniforms_.find(uniform_key(view));
    if (found != uniforms_.end()) return found->second;
  }
  const std::string variable = new_name("t");
  if (const Node* copy = is_local(view) ? copy_that_gives(view) : nullptr) {
    const std::array inputs{value(copy->inputs[0], live)};
    code_.line("const floats {} = {};", variable, rounded_text(arguments_.graph(), *copy, inputs[0]));
  } else {
    code_.line("const floats {} = {};", variable, load(view, live));
  }
  return values_[wanted] = variable;
}

void RowCode::store(const View& view, const std::string& variable, const std::string& live) {
  const Expression& stride = view.shape.size() == row_rank_ ? Expression(1) : view.strides.back();
  if (!stride.is_number(1)) {
    code_.line("store_apart({}, {}, {}, {});", address(view, "j"), to_string(stride), variable,
               live.empty() ? "lanes" : live);
  } else if (live.empty()) {
    code_.line("store({}, {});", address(view, "j"), variable);
  } else {
    code_.line("store_some({}, {}, {});", address(view, "j"), variable, live);
  }
}

void RowCode::element(const Node& node, const std::string& live, bool is_row_value) {
  std::vector<std::string> inputs;
  for (const View& input : node.inputs) inputs.push_back(value(input, live));
  const View& output = node.outputs[0];
  std::string variable = new_name(is_row_value ? "u" : "t");
  code_.line("const floats {} = {};", variable, operation_text(node, inputs));
  if (!is_local(output)) is_row_value ? store_one(output, variable) : store(output, variable, live);
  const bool is_used =
      std::ranges::any_of(all_, [&](const Node& other) { return reads(other, output.buffer); });
  if (is_used) {
    const std::string rounded = rounded_text(arguments_.graph(), node, variable);
    if (rounded != variable) {
      variable += "r";
      code_.line("const floats {} = {};", variable, rounded);
    }
  }
  if (is_local(output) && stored_.contains(output.buffer))
    is_row_value ? store_one(output, variable) : store(output, variable, live);
  if (is_row_value)
    uniforms_[uniform_key(output)] = variable;
  else
    values_[key(output)] = variable;
}

void RowCode::store_one(const View& view, const std::string& variable) {
  code_.line("store_some({}, {}, 1);", address(view, "0"), variable);
}

void RowCode::declare_accumulators(std::span<const Node> nodes) {
  for (const Node& node : nodes) {
    if (node.kind != NodeKind::reduction) continue;
    const std::string name = new_name("s");
    accumulators_[&node] = name;
    const bool is_sum = node.op == BasicOp::sum || node.op == BasicOp::mean;
    code_.line("floats {} = splat({});", name, is_sum ? "0.0f" : "-__builtin_inff()");
    if (node.op == BasicOp::argmax) code_.line("ints {}_at = lane_numbers();", name);
  }
}

void RowCode::accumulate(const Node& node, const std::string& live) {
  const std::string x = value(node.inputs[0], live);
  const std::string& sum = accumulators_.at(&node);
  if (node.op == BasicOp::argmax) {
    code_.line("note_largest({}, {}_at, {}, j, {});", sum, sum, x, live.empty() ? "lanes" : live);
    return;
  }
  const bool is_sum = node.op != BasicOp::max;
  const std::string term = live.empty() ? x
                                        : fmt::format("first_lanes({}, {}, splat({}))", x, live,
                                                      is_sum ? "0.0f" : "-__builtin_inff()");
  if (is_sum)
    code_.line("{} += {};", sum, term);
  else
    code_.line("{} = larger({}, {});", sum, sum, term);
}

void RowCode::finish_reduction(const Node& node) {
  const std::string& sum = accumulators_.at(&node);
  const View& output = node.outputs[0];
  if (node.op == BasicOp::argmax) {
    code_.line("*({}) = first_largest({}, {}_at);", address(output, "0"), sum, sum);
    return;
  }
  std::string result = fmt::format("sum_of_lanes({})", sum);
  if (node.op == BasicOp::max) result = fmt::format("largest_lane({})", sum);
  if (node.op == BasicOp::mean)
    result += fmt::format(" / (float)({})", to_string(node.inputs[0].shape.back()));
  const std::string variable = new_name("u");
  code_.line("const floats {} = {};", variable,
             rounded_text(arguments_.graph(), node, fmt::format("splat({})", result)));
  if (!is_local(output) || stored_.contains(output.buffer)) store_one(output, variable);
  if (is_uniform(output)) uniforms_[uniform_key(output)] = variable;
}

void RowCode::body(std::span<const Node> nodes, const std::string& live) {
  const auto before = values_;
  for (const Node& node : nodes) {
    if (node.kind == NodeKind::reduction)
      accumulate(node, live);
    else
      element(node, live, false);
  }
  values_ = before;
}

void RowCode::column_loop(std::span<const Node> nodes, const Expression& columns) {
  constexpr std::int64_t most_lanes = 16;
  const bool is_whole = columns.is_number() && columns.value() % most_lanes == 0;
  const std::string size = factor_text(columns);
  if (is_whole) {
    code_.open("for (long j = 0; j < {}; j += lanes)", size);
    body(nodes, "");
    code_.close();
    return;
  }
  if (!columns.is_number() || columns.value() >= 4) {  // otherwise no vector of any width is full
    code_.open("for (long j = 0; j + lanes <= {}; j += lanes)", size);
    body(nodes, "");
    code_.close();
  }
  code_.open("for (long j = {} / lanes * lanes; j < {}; j += lanes)", size, size);
  code_.line("const long live = {} - j;", size);
  body(nodes, "live");
  code_.close();
}

void RowCode::loop(std::span<const Node> nodes) {
  const std::vector<Expression> shape = loop_shape(nodes[0]);
  std::size_t opened = 0;
  loop_index_.assign(shape.size(), "0");
  for (std::size_t dim = 0; dim + 1 < shape.size(); ++dim) {
    if (is_one(shape[dim])) continue;
    loop_index_[dim] = fmt::format("j{}", dim);
    code_.open("for (long j{} = 0; j{} < {}; ++j{})", dim, dim, to_string(shape[dim]), dim);
    ++opened;
  }
  declare_accumulators(nodes);
  column_loop(nodes, shape.empty() ? Expression(1) : shape.back());
  for (const Node& node : nodes)
    if (node.kind == NodeKind::reduction) finish_reduction(node);
  for (; opened > 0; --opened) code_.close();
  loop_index_.clear();
}

void RowCode::print(std::span<const Node> nodes) {
  all_ = nodes;
  declare_rows(nodes);
  for (std::size_t begin = 0; begin < nodes.size();) {
    printed_ = begin;
    const Node& node = nodes[begin];
    if (node.kind == NodeKind::elementwise && is_uniform(node.outputs[0])) {
      element(node, "1", true);
      values_.clear();
      ++begin;
      continue;
    }
    std::size_t end = begin + 1;
    const auto can_join = [&](const Node& next) {
      const bool is_row_value = next.kind == NodeKind::elementwise && is_uniform(next.outputs[0]);
      return !is_row_value && joins_loop(next, nodes.subspan(begin, end - begin));
    };
    while (end < nodes.size() && can_join(nodes[end])) ++end;
    loop(nodes.subspan(begin, end - begin));
    begin = end;
  }
}

void RowCode::print_at_column(std::span<const Node> nodes, const std::string& live) {
  all_ = nodes;
  printed_ = 0;
  body(nodes, live);
}

void RowCode::print_copy(const View& view, BufferId to) {
  Node copy;
  copy.inputs = {view};
  copy.outputs = {view};
  copy.outputs[0].buffer = to;
  copy.outputs[0].offset = Expression(0);
  const std::array nodes{copy};
  print(nodes);
}

Function rows_function(const Graph& graph, const Node& group) {
  const std::vector<Expression>& shape = group.body[0].outputs[0].shape;
  const std::vector<Expression> rows(shape.begin(),
                                     shape.begin() + static_cast<std::ptrdiff_t>(group.row_rank));
  std::set<BufferId> stored;
  for (;;) {  // what is read from memory is known once the code is printed
    BufferArguments arguments(graph);
    CodeText inner(2);
    const std::vector<std::string> index = declare_row_index(inner, rows);
    RowCode code(arguments, inner, group.row_rank, index, stored);
    code.print(group.body);
    if (!std::ranges::includes(stored, code.needed_locals())) {
      stored.insert(code.needed_locals().begin(), code.needed_locals().end());
      continue;
    }
    CodeText text(1);
    declare_sizes(text);
    arguments.declare(text);
    text.line("const long rows = {};  // {}", to_string(product(rows)), shape_text(rows));
    text.line("const long last = share(rows, team.thread + 1, team);");
    text.open("for (long row = share(rows, team.thread, team); row < last; ++row)");
    text.append(inner);
    text.close();
    return {.name = operations_name(group.body),
            .body = text.text(),
            .arguments = arguments.buffers(),
            .scratch_floats = code.scratch_floats()};
  }
}

std::string operations_name(std::span<const Node> nodes) {
  constexpr std::size_t longest = 40;
  std::string text;
  for (const Node& node : nodes) {
    const std::string part(node.kind == NodeKind::product ? std::string_view("product") : name(node.op));
    if (text.size() + part.size() > longest) return text + "_etc";
    text += (text.empty() ? "" : "_") + part;
  }
  return text;
}

}  // namespace bv2::engine::compiled
