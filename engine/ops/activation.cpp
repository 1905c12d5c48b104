// Names of activations.
#include <algorithm>
#include <array>

#include "engine/ops/layer.h"

namespace bv2::engine {
namespace {

struct NamedActivation {
  std::string_view name;
  Activation activation;
};

constexpr std::array names{
    NamedActivation{"silu", Activation::silu},
    NamedActivation{"swish", Activation::silu},
    NamedActivation{"gelu", Activation::gelu},
    NamedActivation{"gelu_python", Activation::gelu},
    NamedActivation{"gelu_new", Activation::gelu_tanh},
    NamedActivation{"gelu_fast", Activation::gelu_tanh},
    NamedActivation{"gelu_pytorch_tanh", Activation::gelu_tanh},
    NamedActivation{"relu", Activation::relu},
};

}  // namespace

std::optional<Activation> activation_from_name(std::string_view name) {
  const auto* found = std::ranges::find(names, name, &NamedActivation::name);
  if (found == names.end()) return std::nullopt;
  return found->activation;
}

}  // namespace bv2::engine
