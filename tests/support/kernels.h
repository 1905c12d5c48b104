// Runs each kernel of a layer operation that takes some inputs, and its definition exactly.
#pragma once

#include <fmt/format.h>

#include <string>

#include "engine/kernels/registry.h"
#include "engine/ops/block.h"
#include "engine/ops/context.h"
#include "support/reference_executor.h"
#include "support/targets.h"
#include "support/values.h"

namespace bv2::test {

/// A context whose basic operations are the reference's; layer operations run their definitions.
struct ReferenceContext {
  ReferenceExecutor executor;
  engine::Context context{executor, engine::AttentionPath::sdpa_math};
};

/// The same values in float64, in which a definition's results are exact but for its own casts.
inline engine::Tensor exact(const engine::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  return tensor_from(values_of(tensor), Dtype::float64, tensor.shape());
}
inline engine::LinearWeights exact(const engine::LinearWeights& weights) {
  return {exact(weights.weight), exact(weights.bias)};
}
/// The absolute values in float64: what the roundings of a sum are relative to.
engine::Tensor magnitudes(const engine::Tensor& tensor);
inline engine::LinearWeights magnitudes(const engine::LinearWeights& weights) {
  return {magnitudes(weights.weight), magnitudes(weights.bias)};
}

/// Calls check(result, "kernel, instruction set, threads") for every kernel of Op in this dtype that takes
/// the inputs, on every instruction set of the machine and on one and two threads. The number of calls.
template <class Op, class Check, class... Inputs>
int for_each_kernel(Dtype dtype, const Op& op, const Check& check, const Inputs&... inputs) {
  int calls = 0;
  for_each_target([&](const std::string& target) {
    engine::KernelSet kernels{.table = engine::kernels_for(dtype), .state = {}};
    ReferenceExecutor executor;
    engine::Context context(executor, engine::AttentionPath::sdpa_flash_attention, &kernels);
    for (const auto& entry : kernels.table.of(Op::name)) {
      const auto& kernel = static_cast<const engine::Kernel<Op>&>(*entry.kernel);
      if (!kernel.fits(context, op, inputs...)) continue;
      for (const int threads : {1, 2}) {
        const ThreadCount count(threads);
        check(kernel.run(context, op, inputs...),
              fmt::format("{}, {}, {} threads", entry.label, target, threads));
        ++calls;
      }
    }
  });
  return calls;
}

/// The first element of `found` further than its bound from `expected`; empty where there is none.
std::string first_outside(const engine::Tensor& found, const std::vector<double>& expected,
                          const std::vector<double>& bounds);

/// What storing a value in a dtype may change: half a unit in its last place, or of the smallest subnormal
/// number.
double store_error(Dtype dtype, double value);
/// What a float32 sum of `terms` products may be off, in any order, for magnitudes that sum to `magnitude`
/// (Higham 2002, section 3.1), the smallest normal number included for hardware that flushes what is smaller.
double sum_error(std::int64_t terms, double magnitude);

}  // namespace bv2::test
