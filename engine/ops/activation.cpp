// Activation functions: their names in configurations and the plain operation.
#include <algorithm>
#include <array>

#include "engine/ops/basic.h"
#include "engine/ops/layer.h"

namespace bv2::engine {
namespace {

struct NamedActivation {
  std::string_view name;
  Activation activation;
};

// transformers' ACT2FN names. gelu_new, gelu_fast and gelu_accurate write the same tanh form in other orders.
constexpr std::array named_activations{
    NamedActivation{"silu", Activation::silu},
    NamedActivation{"swish", Activation::silu},
    NamedActivation{"gelu", Activation::gelu},
    NamedActivation{"gelu_python", Activation::gelu},
    NamedActivation{"gelu_new", Activation::gelu_tanh},
    NamedActivation{"gelu_pytorch_tanh", Activation::gelu_tanh},
    NamedActivation{"gelu_python_tanh", Activation::gelu_tanh},
    NamedActivation{"gelu_fast", Activation::gelu_tanh},
    NamedActivation{"gelu_accurate", Activation::gelu_tanh},
    NamedActivation{"relu", Activation::relu},
};

// In the order of the enumeration.
constexpr std::array basic_ops{BasicOp::silu, BasicOp::gelu, BasicOp::gelu_tanh, BasicOp::relu};

}  // namespace

std::optional<Activation> activation_from_name(std::string_view name) {
  const auto* found = std::ranges::find(named_activations, name, &NamedActivation::name);
  if (found == named_activations.end()) return std::nullopt;
  return found->activation;
}

Tensor Activate::define(Context& context, const Tensor& x) const {
  return context.execute(basic_ops.at(static_cast<std::size_t>(activation)), {x});
}

}  // namespace bv2::engine
