// RMSNorm and LayerNorm, each in one pass over memory.
#include "engine/kernels/norm_rows.h"
#include "engine/kernels/registry.h"
#include "engine/ops/block.h"
#include "engine/parallel.h"

namespace bv2::engine {
namespace {

// Below this many elements a parallel region costs more than it saves.
constexpr std::int64_t parallel_threshold = 16384;

template <class Rows>
void run(const NormRows& norm, const Rows& rows) {
  if (norm.view.rows * norm.view.width < parallel_threshold)
    rows(norm, 0, norm.view.rows);
  else
    in_parallel(norm.view.rows, [&](std::int64_t begin, std::int64_t end) { rows(norm, begin, end); });
}

bool one_dtype(const Tensor& x, std::initializer_list<const Tensor*> others) {
  for (const Tensor* other : others) {
    if (other->defined() && (other->dtype() != x.dtype() || !other->is_contiguous())) return false;
  }
  return rows_of(x).has_value();
}

bool fits_rms(const Context&, const RmsNorm&, const Tensor& x, const Tensor& weight) {
  return one_dtype(x, {&weight});
}

/// residual may be undefined.
Tensor rms_norm_plus(const RmsNorm& op, const Tensor& x, const Tensor& weight, const Tensor& residual) {
  const Tensor out(x.dtype(), x.shape());
  run({.dtype = x.dtype(),
       .view = *rows_of(x),
       .x = x.raw(),
       .weight = weight.raw(),
       .residual = residual.defined() ? residual.raw() : nullptr,
       .out = out.raw(),
       .epsilon = op.epsilon,
       .weight_offset = static_cast<float>(op.weight_offset)},
      rms_norm_rows);
  return out;
}

Tensor rms_norm(Context&, const RmsNorm& op, const Tensor& x, const Tensor& weight) {
  return rms_norm_plus(op, x, weight, Tensor());
}

bool fits_residual(const Context&, const NormResidual&, const Tensor& x, const Tensor& weight,
                   const Tensor& residual) {
  return one_dtype(x, {&weight, &residual}) && residual.shape() == x.shape();
}

Tensor norm_residual(Context&, const NormResidual& op, const Tensor& x, const Tensor& weight,
                     const Tensor& residual) {
  return rms_norm_plus(op.norm, x, weight, residual);
}

bool fits_layer(const Context&, const LayerNorm&, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return one_dtype(x, {&weight, &bias});
}

Tensor layer_norm(Context&, const LayerNorm& op, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor out(x.dtype(), x.shape());
  run({.dtype = x.dtype(),
       .view = *rows_of(x),
       .x = x.raw(),
       .weight = weight.raw(),
       .bias = bias.defined() ? bias.raw() : nullptr,
       .out = out.raw(),
       .epsilon = op.epsilon},
      layer_norm_rows);
  return out;
}

const KernelFacts facts{.operation = {},
                        .name = "norm_rows",
                        .rank = 10,
                        .when = "rows at one distance from each other",
                        .dtypes = {Dtype::float32, Dtype::bfloat16, Dtype::float16},
                        .isa = own_isa};
const KernelRegistration<RmsNorm> registered_rms(facts, fits_rms, rms_norm);
const KernelRegistration<NormResidual> registered_residual(facts, fits_residual, norm_residual);
const KernelRegistration<LayerNorm> registered_layer(facts, fits_layer, layer_norm);

}  // namespace
}  // namespace bv2::engine
