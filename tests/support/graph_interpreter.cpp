#include "support/graph_interpreter.h"

#include <algorithm>
#include <cstring>

#include "engine/eager/eager_executor.h"

namespace bv2::test {
namespace {

using namespace engine;
using namespace engine::compiled;

/// Every byte set: NaN in all floating dtypes.
Tensor poisoned(Dtype dtype, std::int64_t elements) {
  Tensor tensor(dtype, {elements});
  std::memset(tensor.raw(), 0xff, tensor.size_bytes());
  return tensor;
}

/// Runs the nodes of one graph at one place.
class Run {
 public:
  Run(const Graph& graph, const Sizes& sizes, std::span<std::byte* const> buffers, BasicExecutor& executor,
      CallRunner& calls)
      : graph_(graph), sizes_(sizes), bindings_(graph, buffers), executor_(executor), calls_(calls) {}

  void all() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].kind == NodeKind::call)
        calls_.run_call(i);
      else
        node(graph_.nodes[i]);
    }
  }

 private:
  Tensor execute(BasicOp op, std::vector<Tensor> inputs, const Attributes& attributes = {}) {
    return executor_.execute({op, inputs, attributes});
  }

  /// A local buffer keeps what was computed for it, in a tensor of its own.
  Tensor tensor(const View& view) {
    if (!view.defined()) return {};
    const Buffer& buffer = graph_.buffers.at(static_cast<std::size_t>(view.buffer));
    if (buffer.kind != BufferKind::local) return bindings_.tensor(view, sizes_);
    Tensor& memory = locals_[view.buffer];
    if (!memory.defined()) memory = poisoned(buffer.dtype, product(buffer.shape).at(sizes_));
    const Tensor seen = bindings_.tensor(view, sizes_);
    return {memory.storage(), buffer.dtype, seen.shape(), seen.strides(), seen.offset()};
  }

  /// What a node of a group sees of a view while one row is computed.
  Tensor row_of(const View& view) {
    const Tensor whole = tensor(view);
    if (!whole.defined() || row_.empty() || whole.rank() < row_.size()) return whole;
    const std::size_t rest = whole.rank() - row_.size();
    std::int64_t offset = whole.offset();
    for (std::size_t dim = 0; dim < row_.size(); ++dim)
      offset += row_[dim] * whole.strides()[static_cast<std::int64_t>(dim)];
    return {whole.storage(), whole.dtype(),
            Shape(std::span<const std::int64_t>(whole.shape().end() - rest, rest)),
            Strides(std::span<const std::int64_t>(whole.strides().end() - rest, rest)), offset};
  }

  void store(const Tensor& value, const View& view) {
    const Tensor to = row_of(view);
    execute(BasicOp::copy_into, {to, execute(BasicOp::reshape, {value}, {.dims = to.shape()})});
  }

  void node(const Node& node) {
    if (node.kind == NodeKind::group) return group(node);
    std::vector<Tensor> inputs;
    for (const View& view : node.inputs) inputs.push_back(row_of(view));
    if (node.kind == NodeKind::product) return product_of(node, inputs);
    Attributes attributes{.scalar = node.scalar};
    if (node.kind == NodeKind::attention_mask) {
      const Tensor mask = tensor(node.outputs[0]);
      attributes.dims = {mask.size(2), mask.size(3), node.causal ? 1 : 0, node.window};
    }
    attributes.dtype = graph_.buffers.at(static_cast<std::size_t>(node.outputs[0].buffer)).dtype;
    store(execute(node.op, std::move(inputs), attributes), node.outputs[0]);
  }

  /// What is before the product, the product, and what is behind it.
  void group(const Node& group) {
    const std::span<const Node> body = group.body;
    const auto product = std::ranges::find(body, NodeKind::product, &Node::kind);
    const auto before = static_cast<std::size_t>(product - body.begin());
    rows_of(group, body.first(before));
    if (before == body.size()) return;
    // All rows of a product at once, since the executor may sum in another order for one.
    node(*product);
    rows_of(group, body.subspan(before + 1));
  }

  /// Row by row, the last row first: a row that needed another one would find it missing.
  void rows_of(const Node& group, std::span<const Node> nodes) {
    const Dims shape = bindings_.tensor(group.body.front().outputs.front(), sizes_).shape();
    std::int64_t rows = 1;
    for (std::size_t dim = 0; dim < group.row_rank; ++dim) rows *= shape[static_cast<std::int64_t>(dim)];
    for (std::int64_t row = rows; row-- > 0;) {
      row_.resize(group.row_rank);
      std::int64_t rest = row;
      for (std::size_t dim = group.row_rank; dim-- > 0;) {
        row_[dim] = rest % shape[static_cast<std::int64_t>(dim)];
        rest /= shape[static_cast<std::int64_t>(dim)];
      }
      for (const Node& each : nodes) node(each);
    }
    row_.clear();
  }

  void product_of(const Node& node, const std::vector<Tensor>& inputs) {
    const Tensor& x = inputs[0];
    const Tensor rows =
        execute(BasicOp::reshape, {execute(BasicOp::contiguous, {x})}, {.dims = {-1, x.size(-1)}});
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const Tensor transposed = execute(BasicOp::transpose, {inputs[1 + 2 * i]}, {.dims = {0, 1}});
      Tensor result = execute(BasicOp::matmul, {rows, transposed});
      if (inputs[2 + 2 * i].defined()) result = execute(BasicOp::add, {result, inputs[2 + 2 * i]});
      store(result, node.outputs[i]);
    }
  }

  const Graph& graph_;
  Sizes sizes_;
  Bindings bindings_;
  BasicExecutor& executor_;
  CallRunner& calls_;
  std::map<BufferId, Tensor> locals_;
  std::vector<std::int64_t> row_;  // of the group that runs
};

}  // namespace

void GraphInterpreter::run(const Sizes& sizes, std::span<std::byte* const> buffers, CallRunner& calls) {
  Run(*graph_, sizes, buffers, *executor_, calls).all();
}

EagerCalls::EagerCalls(const Graph& graph, std::span<std::byte* const> buffers, const Sizes& sizes)
    : graph_(&graph), bindings_(graph, buffers), sizes_(sizes) {}

void EagerCalls::run_call(std::size_t index) {
  const Node& node = graph_->nodes.at(index);
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<std::int64_t> numbers;
  for (const View& view : node.inputs) inputs.push_back(bindings_.tensor(view, sizes_));
  for (const View& view : node.outputs) outputs.push_back(bindings_.tensor(view, sizes_));
  for (const Expression& number : node.numbers) numbers.push_back(number.at(sizes_));
  EagerExecutor executor;
  Context context(executor, AttentionPath::eager);
  node.call->run(context, numbers, inputs, outputs);
}

std::vector<Tensor> interpret(const Graph& graph, const Sizes& sizes,
                              const std::map<std::string, Tensor>& given, BasicExecutor& executor) {
  std::vector<Tensor> memory;
  std::vector<std::byte*> addresses;
  for (const Buffer& buffer : graph.buffers) {
    const bool is_given = buffer.kind == BufferKind::input || buffer.kind == BufferKind::state;
    Tensor& tensor = memory.emplace_back();
    if (is_given) tensor = given.at(buffer.name);
    if (buffer.kind == BufferKind::temporary)
      tensor = poisoned(buffer.dtype, product(buffer.shape).at(sizes));
    addresses.push_back(tensor.defined() ? tensor.raw() : nullptr);
  }
  EagerCalls calls(graph, addresses, sizes);
  GraphInterpreter(graph, executor).run(sizes, addresses, calls);
  const Bindings bindings(graph, addresses);
  std::vector<Tensor> results;
  for (const View& view : graph.results) {
    const Tensor seen = bindings.tensor(view, sizes);
    const Tensor copy(seen.dtype(), seen.shape());
    const std::vector<Tensor> inputs{copy, seen};
    results.push_back(executor.execute({BasicOp::copy_into, inputs, {}}));
  }
  return results;
}

}  // namespace bv2::test
