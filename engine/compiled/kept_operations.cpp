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

bool always_angles(const Context&, const RotaryAngles&, std::int64_t, std::int64_t) { return true; }

CosSin trace_angles(Context& context, const RotaryAngles& angles, std::int64_t first, std::int64_t count) {
  const Shape shape{1, 1, count, angles.table->rotary_dim()};
  const std::array outputs{tracer(context).new_tensor(angles.dtype, shape),
                           tracer(context).new_tensor(angles.dtype, shape)};
  const std::array numbers{first, count};
  tracer(context).call(std::make_shared<RotaryAnglesCall>(angles), numbers, {}, outputs);
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
        &keep<RotaryAngles>(always_angles, trace_angles)}) {
    table.add(kernel->facts.operation, {kernel, fmt::format("{}/trace", kernel->facts.operation)});
  }
  return table;
}

}  // namespace bv2::engine::compiled
