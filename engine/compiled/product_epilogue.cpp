// What follows a product of many rows and is done with it.
#include "engine/compiled/product_epilogue.h"

#include <algorithm>
#include <array>

namespace bv2::engine::compiled {
namespace {

struct KnownActivation {
  BasicOp op;
  Activation activation;
};
constexpr std::array known_activations{KnownActivation{BasicOp::silu, Activation::silu},
                                       KnownActivation{BasicOp::gelu, Activation::gelu},
                                       KnownActivation{BasicOp::gelu_tanh, Activation::gelu_tanh},
                                       KnownActivation{BasicOp::relu, Activation::relu}};

std::optional<Activation> activation_of(const Node& node) {
  if (node.kind != NodeKind::elementwise) return {};
  for (const KnownActivation& known : known_activations)
    if (known.op == node.op) return known.activation;
  return {};
}

bool is_binary(const Node& node, BasicOp op) {
  return node.kind == NodeKind::elementwise && node.op == op && node.inputs.size() == 2;
}

/// The input that is not `view`; none where neither or both are.
const View* other_input(const Node& node, const View& view) {
  const bool first = node.inputs[0] == view;
  if (first == (node.inputs[1] == view)) return nullptr;
  return &node.inputs[first ? 1 : 0];
}

bool is_like(const Graph& graph, const View& view, const View& model) {
  const auto dtype = [&](const View& of) { return graph.buffers[static_cast<std::size_t>(of.buffer)].dtype; };
  return view.shape == model.shape && is_contiguous(view) && dtype(view) == dtype(model);
}

std::optional<ProductEpilogue> residual(const Node& product, const Node& add) {
  if (!is_binary(add, BasicOp::add)) return {};
  const View* operand = other_input(add, product.outputs[0]);
  if (operand == nullptr || operand->buffer == add.outputs[0].buffer) return {};
  return ProductEpilogue{.name = "linear_residual",
                         .other = ProductFusion::Other::add,
                         .operand = *operand,
                         .out = add.outputs[0]};
}

std::optional<ProductEpilogue> activated(const Node& product, const Node& node) {
  const std::optional<Activation> activation = activation_of(node);
  if (!activation || !(node.inputs[0] == product.outputs[0])) return {};
  return ProductEpilogue{.name = "linear_activation",
                         .activation = activation,
                         .operand = product.outputs[0],
                         .out = node.outputs[0]};
}

std::optional<ProductEpilogue> gated(const Node& product, const Node& node, const Node& mul) {
  const std::optional<Activation> activation = activation_of(node);
  if (!activation || !is_binary(mul, BasicOp::mul)) return {};
  const std::size_t main = node.inputs[0] == product.outputs[0] ? 0 : 1;
  const View& value = product.outputs[1 - main];
  const View* operand = other_input(mul, node.outputs[0]);
  if (!(node.inputs[0] == product.outputs[main]) || operand == nullptr || !(*operand == value)) return {};
  return ProductEpilogue{.name = "gated_projection",
                         .main = main,
                         .activation = activation,
                         .other = ProductFusion::Other::multiply,
                         .operand = value,
                         .out = mul.outputs[0]};
}

}  // namespace

std::optional<ProductEpilogue> product_epilogue(const Graph& graph, const Node& product,
                                                std::span<const Node> after) {
  std::optional<ProductEpilogue> found;
  if (product.outputs.size() == 1 && after.size() == 1) {
    found = residual(product, after[0]);
    if (!found) found = activated(product, after[0]);
  }
  if (product.outputs.size() == 2 && after.size() == 2) found = gated(product, after[0], after[1]);
  if (!found) return {};
  const View& like = product.outputs[found->main];
  const bool fits = is_contiguous(like) && is_like(graph, found->operand, like) &&
                    is_like(graph, found->out, like) &&
                    graph.buffers[static_cast<std::size_t>(product.inputs[0].buffer)].dtype ==
                        graph.buffers[static_cast<std::size_t>(like.buffer)].dtype;
  return fits ? found : std::nullopt;
}

}  // namespace bv2::engine::compiled
