// Linear layers of many rows on packed weights, by oneDNN with what follows fused to the product.
#include <algorithm>

#include "engine/kernels/onednn_panels.h"
#include "engine/kernels/registry.h"
#include "engine/ops/block.h"

namespace bv2::engine {
namespace {

using Other = ProductFusion::Other;

/// One product of all rows of x; `other` [.., outputs] is added or multiplied.
Tensor product(Context& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
               std::optional<Activation> activation = {}, Other what = Other::none,
               const Tensor& other = {}) {
  Shape shape = x.shape();
  shape[-1] = weight.size(0);
  const Tensor out(x.dtype(), shape);
  PanelProduct call{.weight = panels_of(weight),
                    .rows = x.numel() / std::max<std::int64_t>(x.size(-1), 1),
                    .fusion = {.bias = bias.defined(), .activation = activation, .other = what},
                    .x = x.raw(),
                    .out = out.raw()};
  if (bias.defined()) call.bias = bias.raw();
  if (other.defined()) call.other = other.raw();
  context.kernel_state().get<OneDnnPanels>().multiply(call);
  return out;
}

Tensor linear(Context& context, const Linear&, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return product(context, x, weight, bias);
}

Tensor linear_residual(Context& context, const LinearResidual&, const Tensor& x, const LinearWeights& weights,
                       const Tensor& residual) {
  return product(context, x, weights.weight, weights.bias, {}, Other::add, residual);
}

Tensor linear_activation(Context& context, const LinearActivation& op, const Tensor& x,
                         const LinearWeights& weights) {
  return product(context, x, weights.weight, weights.bias, op.activation);
}

Qkv qkv_projection(Context& context, const QkvProjection& op, const Tensor& x, const LinearWeights& q,
                   const LinearWeights& k, const LinearWeights& v) {
  const auto heads = [&](const LinearWeights& weights) {
    const Tensor out = product(context, x, weights.weight, weights.bias);
    return out.reshape({out.size(0), out.size(1), out.size(2) / op.head_dim, op.head_dim}).transpose(1, 2);
  };
  return {heads(q), heads(k), heads(v)};
}

Tensor gated_projection(Context& context, const GatedProjection& op, const Tensor& x,
                        const LinearWeights& gate, const LinearWeights& up) {
  const Tensor value = product(context, x, up.weight, up.bias);
  return product(context, x, gate.weight, gate.bias, op.activation, Other::multiply, value);
}

bool fits(const Tensor& x, std::initializer_list<const Tensor*> weights) {
  return x.is_contiguous() && x.numel() > 0 && x.dtype() != Dtype::float16 &&
         std::ranges::none_of(weights, [](const Tensor* weight) { return weight->is_plain(); });
}

bool fits_linear(const Context&, const Linear&, const Tensor& x, const Tensor& weight, const Tensor&) {
  return fits(x, {&weight});
}
bool fits_residual(const Context&, const LinearResidual&, const Tensor& x, const LinearWeights& weights,
                   const Tensor& residual) {
  return fits(x, {&weights.weight}) && residual.is_contiguous();
}
bool fits_activation(const Context&, const LinearActivation&, const Tensor& x, const LinearWeights& weights) {
  return fits(x, {&weights.weight});
}
bool fits_qkv(const Context&, const QkvProjection&, const Tensor& x, const LinearWeights& q,
              const LinearWeights& k, const LinearWeights& v) {
  return fits(x, {&q.weight, &k.weight, &v.weight});
}
bool fits_gated(const Context&, const GatedProjection&, const Tensor& x, const LinearWeights& gate,
                const LinearWeights& up) {
  return fits(x, {&gate.weight, &up.weight});
}

const KernelFacts facts{.operation = {},
                        .name = "onednn_panels",
                        .rank = 20,
                        .when = "packed weights",
                        .dtypes = {Dtype::float32, Dtype::bfloat16},
                        .isa = OneDnnPanels::isa};

const KernelRegistration<Linear> registered(facts, fits_linear, linear);
const KernelRegistration<LinearResidual> registered_residual(facts, fits_residual, linear_residual);
const KernelRegistration<LinearActivation> registered_activation(facts, fits_activation, linear_activation);
const KernelRegistration<QkvProjection> registered_qkv(facts, fits_qkv, qkv_projection);
const KernelRegistration<GatedProjection> registered_gated(facts, fits_gated, gated_projection);

}  // namespace
}  // namespace bv2::engine
