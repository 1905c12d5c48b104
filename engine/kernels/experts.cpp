// A mixture of experts for a few rows: all chosen experts' weights in two streams, one for each half of the
// MLPs.
#include <cstring>

#include "engine/kernels/panel_jobs.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/row_input.h"
#include "engine/ops/experts.h"

namespace bv2::engine {
namespace {

using Group = Routing::Group;

// More rows choose more experts than there are rows, and each expert then gets few: the definition, whose
// products run the kernels of linear layers, does as well.
constexpr std::int64_t max_rows = 4;

bool packed(const LinearWeights& weights) { return !weights.weight.is_plain(); }

bool fits(const Context&, const ExpertMixture&, const Tensor& x, const ExpertWeights& weights,
          const Tensor& residual) {
  return x.is_contiguous() && residual.is_contiguous() && x.numel() <= max_rows * x.size(-1) &&
         std::ranges::all_of(weights.experts, [](const GatedMlpWeights& mlp) {
           return packed(mlp.gate) && packed(mlp.up) && packed(mlp.down);
         });
}

const std::byte* bias_of(const LinearWeights& weights) {
  return weights.bias.defined() ? weights.bias.raw() : nullptr;
}

std::byte* row_of(const Tensor& x, std::int64_t row) {
  return x.raw() + static_cast<std::size_t>(row * x.size(-1)) * size_bytes(x.dtype());
}

/// The rows of all groups, one group after the other: [places, width].
Tensor gathered(const Tensor& rows, const Routing& routing) {
  Tensor out(rows.dtype(), {routing.place_count(), rows.size(1)});
  const std::size_t bytes = static_cast<std::size_t>(rows.size(1)) * size_bytes(rows.dtype());
  for (const Group& group : routing.groups) {
    std::int64_t place = group.begin;
    for (const std::int64_t row : group.rows) std::memcpy(row_of(out, place++), row_of(rows, row), bytes);
  }
  return out;
}

/// One job a group, on its part of x [places, width].
template <class Target, class Make>
void multiply_groups(Context& context, const Routing& routing, const Tensor& x, const Make& target_of) {
  float* scratch = context.kernel_state().get<RowScratch>().reserve(x.numel());
  std::vector<PanelJob<Target>> jobs;
  for (const Group& group : routing.groups) {
    const RowLayout layout{.rows = static_cast<std::int64_t>(group.rows.size()), .depth = x.size(1)};
    float* to = scratch + group.begin * layout.depth;
    jobs.push_back({lay_out_rows(x.dtype(), row_of(x, group.begin), layout, to), target_of(group)});
  }
  multiply_all<Target>(jobs);
}

Tensor expert_mixture(Context& context, const ExpertMixture& op, const Tensor& x,
                      const ExpertWeights& weights, const Tensor& residual) {
  const Tensor rows = x.reshape({-1, x.size(-1)});
  const Routing routing = op.route(context, context.apply(Linear{}, rows, weights.router, Tensor()));
  const auto mlp_of = [&](const Group& group) -> const GatedMlpWeights& {
    return weights.experts[static_cast<std::size_t>(group.expert)];
  };
  const Tensor inner(x.dtype(), {routing.place_count(), weights.experts[0].gate.weight.size(0)});
  multiply_groups<GatedTarget>(context, routing, gathered(rows, routing), [&](const Group& group) {
    const GatedMlpWeights& mlp = mlp_of(group);
    return GatedTarget{.gate = panels_of(mlp.gate.weight),
                       .up = panels_of(mlp.up.weight),
                       .gate_bias = bias_of(mlp.gate),
                       .up_bias = bias_of(mlp.up),
                       .activation = op.activation,
                       .out = row_of(inner, group.begin)};
  });
  const Tensor values(x.dtype(), {routing.place_count(), x.size(-1)});
  multiply_groups<LinearTarget>(context, routing, inner, [&](const Group& group) {
    const LinearWeights& down = mlp_of(group).down;
    return LinearTarget{.weight = panels_of(down.weight),
                        .bias = bias_of(down),
                        .activation = {},
                        .residual = nullptr,
                        .out = row_of(values, group.begin)};
  });
  return ExpertMixture::combine(context, routing, values, residual);
}

const KernelRegistration<ExpertMixture> registered({.operation = {},
                                                    .name = "panel_gemv",
                                                    .rank = 30,
                                                    .when = "packed weights, at most 4 rows of x",
                                                    .dtypes = {Dtype::float32, Dtype::bfloat16,
                                                               Dtype::float16},
                                                    .isa = own_isa},
                                                   fits, expert_mixture);

}  // namespace
}  // namespace bv2::engine
