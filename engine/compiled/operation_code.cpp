// One element-wise operation as an expression of C++ on vectors.
#include "engine/compiled/operation_code.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "engine/compiled/code_text.h"

namespace bv2::engine::compiled {
namespace {

struct OperationText {
  BasicOp op;
  std::string_view text;         ///< {0}, {1}: the inputs; {2}: the number
  bool keeps_precision = false;  ///< the result is one of the inputs, perhaps with another sign
};

constexpr std::array operations{
    OperationText{BasicOp::cast, "{0}"},
    OperationText{BasicOp::neg, "-{0}", true},
    OperationText{BasicOp::exp, "exp_of({0})"},
    OperationText{BasicOp::rsqrt, "rsqrt_of({0})"},
    OperationText{BasicOp::tanh, "tanh_of({0})"},
    OperationText{BasicOp::sigmoid, "sigmoid_of({0})"},
    OperationText{BasicOp::silu, "silu_of({0})"},
    OperationText{BasicOp::gelu, "gelu_of({0})"},
    OperationText{BasicOp::gelu_tanh, "gelu_tanh_of({0})"},
    OperationText{BasicOp::relu, "relu_of({0})", true},
    OperationText{BasicOp::sin, "sin_of({0})"},
    OperationText{BasicOp::cos, "cos_of({0})"},
    OperationText{BasicOp::add_scalar, "{0} + {2}"},
    OperationText{BasicOp::mul_scalar, "{0} * {2}"},
    OperationText{BasicOp::add, "{0} + {1}"},
    OperationText{BasicOp::sub, "{0} - {1}"},
    OperationText{BasicOp::mul, "{0} * {1}"},
    OperationText{BasicOp::div, "{0} / {1}"},
    OperationText{BasicOp::maximum, "larger({0}, {1})", true},
    OperationText{BasicOp::contiguous, "{0}", true},
};

const OperationText& text_of(BasicOp op) {
  for (const OperationText& operation : operations)
    if (operation.op == op) return operation;
  fail("compiled mode generates no code for {}", name(op));
}

/// All its digits; names where a literal has none.
std::string number_text(double number) {
  const auto value = static_cast<float>(number);
  if (std::isnan(value)) return "__builtin_nanf(\"\")";
  if (std::isinf(value)) return value < 0 ? "-__builtin_inff()" : "__builtin_inff()";
  return fmt::format("({:a}f)", value);
}

}  // namespace

std::string operation_text(const Node& node, std::span<const std::string> inputs) {
  return fmt::format(fmt::runtime(text_of(node.op).text), inputs[0], inputs.size() > 1 ? inputs[1] : "",
                     number_text(node.scalar));
}

std::string rounded_text(const Graph& graph, const Node& node, const std::string& variable) {
  const auto dtype_of = [&](const View& view) {
    return graph.buffers[static_cast<std::size_t>(view.buffer)].dtype;
  };
  const Dtype dtype = dtype_of(node.outputs[0]);
  if (dtype == Dtype::float32) return variable;
  const bool is_exact = node.kind == NodeKind::elementwise && text_of(node.op).keeps_precision;
  const bool is_same =
      node.kind == NodeKind::elementwise && node.op == BasicOp::cast && dtype_of(node.inputs[0]) == dtype;
  if (is_exact || is_same || (node.kind == NodeKind::reduction && node.op == BasicOp::max)) return variable;
  return fmt::format("rounded<{}>({})", element_type(dtype), variable);
}

}  // namespace bv2::engine::compiled
