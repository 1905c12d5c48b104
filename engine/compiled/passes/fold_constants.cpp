// Computes what depends on constants alone.
#include "engine/compiled/bindings.h"
#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"
#include "engine/eager/eager_executor.h"

namespace bv2::engine::compiled {
namespace {

/// Larger ones (a second copy of an embedding in another dtype) would cost memory and its bandwidth.
constexpr std::int64_t most_elements = std::int64_t{1} << 20;

bool is_number(const View& view) {
  for (const Expression& size : view.shape)
    if (!size.is_number()) return false;
  return true;
}

bool is_foldable(const Graph& graph, const std::vector<BufferUses>& uses, const Node& node) {
  const bool basic = node.kind == NodeKind::elementwise || node.kind == NodeKind::reduction;
  if (!basic || node.op == BasicOp::argmax || !is_number(node.outputs[0])) return false;
  for (const View& view : node.inputs) {
    const Buffer& buffer = buffer_of(graph, view);
    if (buffer.kind != BufferKind::constant || !buffer.tensor.is_plain()) return false;
  }
  const View& to = node.outputs[0];
  return buffer_of(graph, to).kind == BufferKind::temporary && covers(graph, to) &&
         uses[static_cast<std::size_t>(to.buffer)].writers.size() == 1 &&
         product(to.shape).value() <= most_elements;
}

}  // namespace

void fold_constants(Graph& graph) {
  const std::vector<BufferUses> uses = uses_of(graph);
  EagerExecutor executor;
  std::vector<bool> erased(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!is_foldable(graph, uses, node)) continue;
    const std::vector<std::byte*> nowhere(graph.buffers.size(), nullptr);
    const Bindings bindings(graph, nowhere);
    std::vector<Tensor> inputs;
    for (const View& view : node.inputs) inputs.push_back(bindings.tensor(view, {}));
    Buffer& result = buffer_of(graph, node.outputs[0]);
    const Tensor value = executor.execute({node.op, inputs, {.dtype = result.dtype, .scalar = node.scalar}});
    // A copy may be its input: one row-major tensor of its own.
    result.tensor = Tensor(result.dtype, value.shape());
    const std::vector<Tensor> copied{result.tensor, value};
    executor.execute({BasicOp::copy_into, copied, {}});
    result.kind = BufferKind::constant;
    erased[i] = true;
  }
  erase_nodes(graph, erased);
}

}  // namespace bv2::engine::compiled
