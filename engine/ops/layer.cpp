// The table of the layer operations.
#include "engine/ops/layer.h"

#include <array>

namespace bv2::engine {

std::span<const std::string_view> layer_operation_names() {
  static constexpr std::array names{Embedding::name,       Linear::name,  RmsNorm::name,   LayerNorm::name,
                                    Rotary::name,          Softmax::name, Attention::name, Activate::name,
                                    GatedActivation::name, Softcap::name};
  return names;
}

}  // namespace bv2::engine
