// Linear layers on packed weights: a few rows, whose cost is one read of the weights, and any number of rows
// where the library has no product for the dtype.
#include <array>

#include "engine/kernels/panel_jobs.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/row_input.h"
#include "engine/ops/block.h"

namespace bv2::engine {
namespace {

const std::byte* raw_or_null(const Tensor& tensor) { return tensor.defined() ? tensor.raw() : nullptr; }

Tensor output_of(const Tensor& x, const Tensor& weight) {
  Shape shape = x.shape();
  shape[-1] = weight.size(0);
  return {x.dtype(), shape};
}

template <class Target, std::size_t count>
void run(Context& context, const Tensor& x, const std::array<Target, count>& targets) {
  const ProductInput input = row_input(context, x);
  std::array<PanelJob<Target>, count> jobs;
  for (std::size_t i = 0; i < count; ++i) jobs[i] = {input, targets[i]};
  multiply_all<Target>(jobs);
}

LinearTarget target_of(const Tensor& weight, const Tensor& bias, const Tensor& out) {
  return {.weight = panels_of(weight),
          .bias = raw_or_null(bias),
          .activation = {},
          .residual = nullptr,
          .out = out.raw()};
}

Tensor linear(Context& context, const Linear&, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor out = output_of(x, weight);
  const std::array targets{target_of(weight, bias, out)};
  run(context, x, targets);
  return out;
}

Tensor linear_residual(Context& context, const LinearResidual&, const Tensor& x, const LinearWeights& weights,
                       const Tensor& residual) {
  const Tensor out = output_of(x, weights.weight);
  std::array targets{target_of(weights.weight, weights.bias, out)};
  targets[0].residual = residual.raw();
  run(context, x, targets);
  return out;
}

Tensor linear_activation(Context& context, const LinearActivation& op, const Tensor& x,
                         const LinearWeights& weights) {
  const Tensor out = output_of(x, weights.weight);
  std::array targets{target_of(weights.weight, weights.bias, out)};
  targets[0].activation = op.activation;
  run(context, x, targets);
  return out;
}

/// [batch, tokens, heads * head_dim] -> [batch, heads, tokens, head_dim], a view.
Tensor split_heads(const Tensor& x, std::int64_t head_dim) {
  return x.reshape({x.size(0), x.size(1), x.size(2) / head_dim, head_dim}).transpose(1, 2);
}

Qkv qkv_projection(Context& context, const QkvProjection& op, const Tensor& x, const LinearWeights& q,
                   const LinearWeights& k, const LinearWeights& v) {
  const Tensor q_out = output_of(x, q.weight);
  const Tensor k_out = output_of(x, k.weight);
  const Tensor v_out = output_of(x, v.weight);
  const std::array targets{target_of(q.weight, q.bias, q_out), target_of(k.weight, k.bias, k_out),
                           target_of(v.weight, v.bias, v_out)};
  run(context, x, targets);
  return {split_heads(q_out, op.head_dim), split_heads(k_out, op.head_dim), split_heads(v_out, op.head_dim)};
}

Tensor gated_projection(Context& context, const GatedProjection& op, const Tensor& x,
                        const LinearWeights& gate, const LinearWeights& up) {
  const Tensor out = output_of(x, gate.weight);
  const std::array targets{GatedTarget{.gate = panels_of(gate.weight),
                                       .up = panels_of(up.weight),
                                       .gate_bias = raw_or_null(gate.bias),
                                       .up_bias = raw_or_null(up.bias),
                                       .activation = op.activation,
                                       .out = out.raw()}};
  run(context, x, targets);
  return out;
}

bool all_packed(const Tensor& x, std::initializer_list<const Tensor*> weights) {
  return x.is_contiguous() &&
         std::ranges::none_of(weights, [](const Tensor* weight) { return weight->is_plain(); });
}

KernelFacts facts(std::string_view name, int rank, std::string_view when) {
  return {.operation = {},
          .name = name,
          .rank = rank,
          .when = when,
          .dtypes = {Dtype::float32, Dtype::bfloat16, Dtype::float16},
          .isa = own_isa};
}

// More rows are bound by arithmetic, which the library does faster where it knows the dtype.
constexpr std::int64_t streaming_rows = 4;
constexpr std::string_view streaming_when = "packed weights, at most 4 rows of x";
constexpr std::string_view any_when = "packed weights";
constexpr int streaming_rank = 30;
constexpr int any_rank = 10;

bool few_rows(const Tensor& x) { return x.numel() <= streaming_rows * x.size(-1); }

template <bool few>
bool fits_linear(const Context&, const Linear&, const Tensor& x, const Tensor& weight, const Tensor&) {
  return all_packed(x, {&weight}) && (!few || few_rows(x));
}
template <bool few>
bool fits_residual(const Context&, const LinearResidual&, const Tensor& x, const LinearWeights& weights,
                   const Tensor& residual) {
  return all_packed(x, {&weights.weight}) && residual.is_contiguous() && (!few || few_rows(x));
}
template <bool few>
bool fits_activation(const Context&, const LinearActivation&, const Tensor& x, const LinearWeights& weights) {
  return all_packed(x, {&weights.weight}) && (!few || few_rows(x));
}
template <bool few>
bool fits_qkv(const Context&, const QkvProjection&, const Tensor& x, const LinearWeights& q,
              const LinearWeights& k, const LinearWeights& v) {
  return all_packed(x, {&q.weight, &k.weight, &v.weight}) && (!few || few_rows(x));
}
template <bool few>
bool fits_gated(const Context&, const GatedProjection&, const Tensor& x, const LinearWeights& gate,
                const LinearWeights& up) {
  return all_packed(x, {&gate.weight, &up.weight}) && (!few || few_rows(x));
}

const KernelFacts streaming = facts("panel_gemv", streaming_rank, streaming_when);
const KernelFacts any_rows = facts("panel_gemm", any_rank, any_when);

const KernelRegistration<Linear> registered[]{{streaming, fits_linear<true>, linear},
                                              {any_rows, fits_linear<false>, linear}};
const KernelRegistration<LinearResidual> registered_residual[]{
    {streaming, fits_residual<true>, linear_residual}, {any_rows, fits_residual<false>, linear_residual}};
const KernelRegistration<LinearActivation> registered_activation[]{
    {streaming, fits_activation<true>, linear_activation},
    {any_rows, fits_activation<false>, linear_activation}};
const KernelRegistration<QkvProjection> registered_qkv[]{{streaming, fits_qkv<true>, qkv_projection},
                                                         {any_rows, fits_qkv<false>, qkv_projection}};
const KernelRegistration<GatedProjection> registered_gated[]{{streaming, fits_gated<true>, gated_projection},
                                                             {any_rows, fits_gated<false>, gated_projection}};

}  // namespace
}  // namespace bv2::engine
