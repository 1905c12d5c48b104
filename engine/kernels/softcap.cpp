// The softcap of logits in one pass. Compiled once for each target.
#include "engine/ops/layer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/softcap.cpp"
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format off
#include "engine/simd/float_math-inl.h"
#include "engine/simd/float_vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

template <class T>
void softcap_of(float cap, const T* x, T* out, std::size_t count) {
  const FloatTag d;
  const auto factor = hn::Set(d, 1.F / cap);
  const auto limit = hn::Set(d, cap);
  const auto capped = [&](auto v) HWY_ATTR { return hn::Mul(tanh_floats(d, hn::Mul(v, factor)), limit); };
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) store_floats(d, capped(load_floats(d, x + i)), out + i);
  if (i < count) store_some_floats(d, capped(load_some_floats(d, x + i, count - i)), out + i, count - i);
}

/// Elements [begin, end) of x and out, both contiguous.
void softcap_range(double cap, const Tensor& x, const Tensor& out, std::int64_t begin, std::int64_t end) {
  const auto run = [&]<class T>(T*) {
    softcap_of(static_cast<float>(cap), x.data<T>() + begin, out.data<T>() + begin,
               static_cast<std::size_t>(end - begin));
  };
  if (x.dtype() == Dtype::float32) run(static_cast<float*>(nullptr));
  if (x.dtype() == Dtype::bfloat16) run(static_cast<BFloat16*>(nullptr));
  if (x.dtype() == Dtype::float16) run(static_cast<Float16*>(nullptr));
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "engine/kernels/registry.h"
#include "engine/parallel.h"

namespace bv2::engine {
namespace {

HWY_EXPORT(softcap_range);

// Below this many elements a parallel region costs more than it saves.
constexpr std::int64_t parallel_threshold = 16384;

bool fits(const Context&, const Softcap&, const Tensor& x) { return x.is_contiguous(); }

Tensor softcap(Context&, const Softcap& op, const Tensor& x) {
  const Tensor out(x.dtype(), x.shape());
  const auto run = [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(softcap_range)(op.cap, x, out, begin, end);
  };
  if (x.numel() < parallel_threshold)
    run(0, x.numel());
  else
    in_parallel(x.numel(), run);
  return out;
}

const KernelRegistration<Softcap> registered({.operation = {},
                                              .name = "softcap_elements",
                                              .rank = 10,
                                              .when = "contiguous",
                                              .dtypes = {Dtype::float32, Dtype::bfloat16, Dtype::float16},
                                              .isa = own_isa},
                                             fits, softcap);

}  // namespace
}  // namespace bv2::engine
#endif
