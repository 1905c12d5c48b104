// GatedActivation: activation(gate) * up, the activation rounded first.
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

Tensor GatedActivation::define(Context& context, const Tensor& gate, const Tensor& up) const {
  return mul(context, Activate{activation}.define(context, gate), up);
}

}  // namespace bv2::engine
