// A kernel pack for tests: RMSNorm in float32, one element at a time, ranked before all others.
#include <cmath>

#include "engine/kernels/registry.h"
#include "engine/ops/layer.h"

namespace {

using bv2::Dtype;
using bv2::engine::Context;
using bv2::engine::RmsNorm;
using bv2::engine::Tensor;

bool fits(const Context&, const RmsNorm& op, const Tensor& x, const Tensor& weight) {
  return x.is_contiguous() && weight.is_contiguous() && op.weight_offset == 0;
}

Tensor run(Context&, const RmsNorm& op, const Tensor& x, const Tensor& weight) {
  const Tensor out(Dtype::float32, x.shape());
  const std::int64_t width = x.size(-1);
  for (std::int64_t begin = 0; begin < x.numel(); begin += width) {
    const float* row = x.data<float>() + begin;
    float sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += row[i] * row[i];
    const float scale = 1 / std::sqrt(sum / static_cast<float>(width) + static_cast<float>(op.epsilon));
    for (std::int64_t i = 0; i < width; ++i)
      out.data<float>()[begin + i] = row[i] * scale * weight.data<float>()[i];
  }
  return out;
}

const bv2::engine::KernelRegistration<RmsNorm> registered({.operation = {},
                                                           .name = "scalar_rows",
                                                           .rank = 1000,
                                                           .when = "contiguous rows, no offset",
                                                           .dtypes = {Dtype::float32},
                                                           .isa = [](Dtype) { return std::string("any"); }},
                                                          fits, run);

}  // namespace
