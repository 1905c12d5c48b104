// A kernel pack for tests: a mixture of experts with a mistake, the weights of the chosen experts not made to
// sum to 1 where they should be, or the other way around.
#include "engine/kernels/registry.h"
#include "engine/ops/experts.h"

namespace {

using bv2::Dtype;
using bv2::engine::Context;
using bv2::engine::ExpertMixture;
using bv2::engine::ExpertWeights;
using bv2::engine::Tensor;

bool fits(const Context&, const ExpertMixture&, const Tensor&, const ExpertWeights&, const Tensor&) {
  return true;
}

Tensor run(Context& context, const ExpertMixture& op, const Tensor& x, const ExpertWeights& weights,
           const Tensor& residual) {
  ExpertMixture mistaken = op;
  mistaken.normalize = !op.normalize;
  return mistaken.define(context, x, weights, residual);
}

const bv2::engine::KernelRegistration<ExpertMixture> registered(
    {.operation = {},
     .name = "unnormalized",
     .rank = 1000,
     .when = "always",
     .dtypes = {Dtype::float32, Dtype::bfloat16, Dtype::float16},
     .isa = [](Dtype) { return std::string("any"); }},
    fits, run);

}  // namespace
