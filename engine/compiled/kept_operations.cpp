// The layer operations that stay whole in a graph.
#include <fmt/format.h>

#include <array>

#include "engine/compiled/calls.h"
#include "engine/compiled/tracer.h"

namespace bv2::engine::compiled {
namespace {

Tracer& tracer(Context& context) { return *context.kernel_state().get<ActiveTracer>().tracer; }

bool always(const Context&, const Linear&, const Tensor&, const Tensor&, const Tensor&) { return true; }

Tensor trace_linear(Context& context, const Linear&, const Tensor& x, const Tensor& weight,
                    const Tensor& bias) {
  return tracer(context).product(x, weight, bias);
}

bool is_sdpa(const Context& context, const Attention&, const Tensor&, const Tensor&, const Tensor&,
             const Tensor&) {
  return context.attention() != AttentionPath::eager;
}

Tensor trace_attention(Context& context, const Attention& attention, const Tensor& q, const Tensor& k,
                       const Tensor& v, const Tensor& padding) {
  check_attention(q, k, v, padding);
  // The heads are merged next: in this order of memory that moves nothing.
  const Tensor out =
      tracer(context).new_tensor(q.dtype(), {q.size(0), q.size(2), q.size(1), q.size(3)}).transpose(1, 2);
  const std::array inputs{q, k, v, padding};
  tracer(context).call(std::make_shared<AttentionCall>(attention, context.attention()), {}, inputs,
                       std::span(&out, 1));
  return out;
}

bool always_mixture(const Context&, const ExpertMixture&, const Tensor&, const ExpertWeights&,
                    const Tensor&) {
  return true;
}

Tensor trace_mixture(Context& context, const ExpertMixture& mixture, const Tensor& x,
                     const ExpertWeights& weights, const Tensor& residual) {
  const Tensor out = tracer(context).new_tensor(x.dtype(), x.shape());
  const std::array inputs{x, residual};
  tracer(context).call(std::make_shared<ExpertMixtureCall>(mixture, weights), {}, inputs, std::span(&out, 1));
  return out;
}

template <class Op>
bool always_from_positions(const Context&, const Op&, const Tensor&, std::int64_t, std::int64_t) {
  return true;
}

Tensor trace_positions(Context& context, const PaddedPositions& positions, const Tensor& padding,
                       std::int64_t first, std::int64_t count) {
  const Tensor out = tracer(context).new_tensor(Dtype::int64, {padding.size(0), count});
  const std::array numbers{first, count};
  tracer(context).call(std::make_shared<PaddedPositionsCall>(positions), numbers, std::span(&padding, 1),
                       std::span(&out, 1));
  return out;
}

CosSin trace_angles(Context& context, const RotaryAngles& angles, const Tensor& padding, std::int64_t first,
                    std::int64_t count) {
  const Shape shape{padding.defined() ? padding.size(0) : 1, 1, count, angles.table->rotary_dim()};
  const std::array outputs{tracer(context).new_tensor(angles.dtype, shape),
                           tracer(context).new_tensor(angles.dtype, shape)};
  const std::array numbers{first, count};
  tracer(context).call(std::make_shared<RotaryAnglesCall>(angles), numbers, std::span(&padding, 1), outputs);
  return {outputs[0], outputs[1]};
}

template <class Op>
const AnyKernel& keep(typename Kernel<Op>::Fits fits, typename Kernel<Op>::Run run) {
  static const Kernel<Op> kernel(
      {.operation = Op::name, .name = "trace", .rank = 0, .when = {}, .dtypes = {}}, fits, run);
  return kernel;
}

}  // namespace

KernelTable kept_operations() {
  KernelTable table;
  for (const AnyKernel* kernel :
       {&keep<Linear>(always, trace_linear), &keep<Attention>(is_sdpa, trace_attention),
        &keep<ExpertMixture>(always_mixture, trace_mixture),
        &keep<PaddedPositions>(always_from_positions<PaddedPositions>, trace_positions),
        &keep<RotaryAngles>(always_from_positions<RotaryAngles>, trace_angles)}) {
    table.add(kernel->facts.operation, {kernel, fmt::format("{}/trace", kernel->facts.operation)});
  }
  return table;
}

}  // namespace bv2::engine::compiled
