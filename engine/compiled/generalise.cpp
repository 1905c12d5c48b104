// Fits polynomials through what traces at several sizes have in common.
#include "engine/compiled/generalise.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/error.h"

namespace bv2::engine::compiled {
namespace {

bool same_operation(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.op != b.op || a.scalar != b.scalar || a.causal != b.causal ||
      a.window != b.window || a.inputs.size() != b.inputs.size() || a.outputs.size() != b.outputs.size() ||
      a.numbers.size() != b.numbers.size())
    return false;
  return a.call == nullptr ? b.call == nullptr : b.call != nullptr && a.call->equals(*b.call);
}

bool same_constant(const Tensor& a, const Tensor& b) {
  return a.storage() == b.storage() && (!a.defined() || (a.offset() == b.offset() && a.shape() == b.shape()));
}

/// Calls visit(expression) for every size of a graph, always in the same order.
template <class G, class Visit>
void for_each_size(G& graph, const Visit& visit) {
  const auto of_view = [&](auto& view) {
    for (auto& size : view.shape) visit(size);
    for (auto& stride : view.strides) visit(stride);
    visit(view.offset);
  };
  for (auto& buffer : graph.buffers)
    for (auto& size : buffer.shape) visit(size);
  for (auto& node : graph.nodes) {
    for (auto& view : node.inputs) of_view(view);
    for (auto& view : node.outputs) of_view(view);
    for (auto& number : node.numbers) visit(number);
  }
  for (auto& view : graph.results) of_view(view);
}

void require_same_views(const std::vector<View>& a, const std::vector<View>& b, const std::string& where) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].buffer != b[i].buffer || a[i].shape.size() != b[i].shape.size())
      fail("{}: what it reads or writes depends on the sizes", where);
  }
}

/// Throws unless the two differ in sizes alone.
void require_same_structure(const Graph& a, const Graph& b) {
  const std::string graph =
      fmt::format("the forward cannot be traced into one graph '{}' for all sizes", a.name);
  if (a.nodes.size() != b.nodes.size() || a.buffers.size() != b.buffers.size() ||
      a.results.size() != b.results.size())
    fail("{}: {} operations at some, {} at others", graph, a.nodes.size(), b.nodes.size());
  for (std::size_t i = 0; i < a.buffers.size(); ++i) {
    if (a.buffers[i].kind != b.buffers[i].kind || a.buffers[i].dtype != b.buffers[i].dtype ||
        a.buffers[i].shape.size() != b.buffers[i].shape.size())
      fail("{}: buffer {} differs", graph, i);
    if (!same_constant(a.buffers[i].tensor, b.buffers[i].tensor))
      fail("{}: a constant {} is made by the forward itself, outside of the context's operations", graph,
           to_string(a.buffers[i].tensor.shape()));
  }
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    const std::string where = fmt::format("{}: operation {} ({})", graph, i, name(a.nodes[i].op));
    if (!same_operation(a.nodes[i], b.nodes[i])) fail("{}: another one at other sizes", where);
    require_same_views(a.nodes[i].inputs, b.nodes[i].inputs, where);
    require_same_views(a.nodes[i].outputs, b.nodes[i].outputs, where);
  }
  require_same_views(a.results, b.results, graph);
}

/// x * (x - 1) * .. / n! with x = symbol - first has integer values; in powers of the symbol its coefficients
/// need not be integers. Forward differences over consecutive values give the coefficients in that basis.
std::vector<std::int64_t> forward_differences(std::vector<std::int64_t> values) {
  std::vector<std::int64_t> differences;
  while (!values.empty()) {
    differences.push_back(values.front());
    for (std::size_t i = 0; i + 1 < values.size(); ++i) values[i] = values[i + 1] - values[i];
    values.pop_back();
  }
  return differences;
}

/// (symbol - first) (symbol - first - 1) .. `count` factors.
Expression falling(Symbol symbol, std::int64_t first, std::size_t count) {
  Expression result(1);
  for (std::size_t i = 0; i < count; ++i)
    result = result * (Expression(symbol) - (first + static_cast<std::int64_t>(i)));
  return result;
}

std::vector<Sizes> grid_points(const SampleGrid& grid) {
  std::vector<Sizes> points;
  for (const std::int64_t batch : grid.values[0])
    for (const std::int64_t tokens : grid.values[1])
      for (const std::int64_t past : grid.values[2])
        for (const std::int64_t capacity : grid.values[3]) points.push_back({batch, tokens, past, capacity});
  return points;
}

/// Newton's interpolation, one symbol after another: the coefficients are fitted in turn.
Expression fit(const SampleGrid& grid, std::size_t symbol, std::span<const std::int64_t> values) {
  if (std::ranges::all_of(values, [&](std::int64_t value) { return value == values[0]; }))
    return Expression(values[0]);
  if (symbol == symbol_count) return Expression(values[0]);
  const std::vector<std::int64_t>& at = grid.values.at(symbol);
  const std::size_t below = values.size() / at.size();  // points of the symbols after this one
  std::vector<std::vector<std::int64_t>> coefficients(at.size(), std::vector<std::int64_t>(below));
  for (std::size_t rest = 0; rest < below; ++rest) {
    std::vector<std::int64_t> line(at.size());
    for (std::size_t i = 0; i < at.size(); ++i) line[i] = values[i * below + rest];
    const std::vector<std::int64_t> differences = forward_differences(std::move(line));
    for (std::size_t power = 0; power < at.size(); ++power) coefficients[power][rest] = differences[power];
  }
  Expression result;
  std::int64_t factorial = 1;
  for (std::size_t power = 0; power < at.size(); ++power) {
    if (power > 1) factorial *= static_cast<std::int64_t>(power);
    for (std::int64_t& coefficient : coefficients[power]) {
      if (coefficient % factorial != 0)
        fail("the values {} are not those of a polynomial", fmt::join(values, ", "));
      coefficient /= factorial;
    }
    result += fit(grid, symbol + 1, coefficients[power]) * falling(static_cast<Symbol>(symbol), at[0], power);
  }
  return result;
}

}  // namespace

std::vector<Sizes> SampleGrid::points() const { return grid_points(*this); }

Expression fitted(const SampleGrid& grid, std::span<const std::int64_t> values) {
  return fit(grid, 0, values);
}

Graph generalised(const SampleGrid& grid, std::vector<Graph> graphs) {
  for (const Graph& graph : graphs) require_same_structure(graphs[0], graph);
  std::vector<std::vector<std::int64_t>> sizes;  // of each graph, in the order of for_each_size
  for (const Graph& graph : graphs)
    for_each_size(graph,
                  [&list = sizes.emplace_back()](const Expression& size) { list.push_back(size.value()); });
  std::map<std::vector<std::int64_t>, Expression> known;
  std::size_t index = 0;
  std::vector<std::int64_t> values(graphs.size());
  for_each_size(graphs[0], [&](Expression& size) {
    for (std::size_t i = 0; i < graphs.size(); ++i) values[i] = sizes[i][index];
    ++index;
    const auto found = known.find(values);
    size = found != known.end() ? found->second : known.emplace(values, fitted(grid, values)).first->second;
  });
  return std::move(graphs[0]);
}

void check_foretold(const Graph& graph, const Sizes& sizes, const Graph& traced) {
  require_same_structure(graph, traced);
  std::vector<std::int64_t> found;
  for_each_size(traced, [&](const Expression& size) { found.push_back(size.value()); });
  std::size_t index = 0;
  for_each_size(graph, [&](const Expression& size) {
    if (size.at(sizes) != found[index])
      fail("the graph '{}': {} is {} where {} was foretold, at batch {}, tokens {}, past {}, capacity {}",
           graph.name, to_string(size), found[index], size.at(sizes), sizes.batch, sizes.tokens, sizes.past,
           sizes.capacity);
    ++index;
  });
}

}  // namespace bv2::engine::compiled
