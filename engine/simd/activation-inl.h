// Activation functions on float32 in memory. Compiled once for each target.
#include <cstdint>

#include "engine/ops/layer.h"
#include "hwy/highway.h"

// clang-format off
#if defined(BV2_ENGINE_SIMD_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BV2_ENGINE_SIMD_ACTIVATION_INL_H_
#undef BV2_ENGINE_SIMD_ACTIVATION_INL_H_
#else
#define BV2_ENGINE_SIMD_ACTIVATION_INL_H_
#endif
// clang-format on

#include "engine/simd/float_math-inl.h"
#include "engine/simd/float_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

/// x[i] = function(x[i]); count is a multiple of the widest vector's lanes.
template <class D, class Function>
HWY_INLINE void map_in_place(D d, float* x, std::int64_t count, Function&& function) {
  for (std::int64_t i = 0; i < count; i += static_cast<std::int64_t>(hn::Lanes(d))) {
    hn::StoreU(function(hn::LoadU(d, x + i)), d, x + i);
  }
}

/// x[i] = activation(x[i]), in float32; count is a multiple of the widest vector's lanes.
HWY_INLINE void activate_in_place(Activation activation, float* x, std::int64_t count) {
  const FloatTag d;
  const HalfFloatTag half;  // for functions that compute in float64
  switch (activation) {
    case Activation::silu:
      return map_in_place(d, x, count, [](auto v) HWY_ATTR { return silu_floats(FloatTag(), v); });
    case Activation::gelu:
      return map_in_place(half, x, count, [](auto v) HWY_ATTR { return gelu_floats(HalfFloatTag(), v); });
    case Activation::gelu_tanh:
      return map_in_place(half, x, count,
                          [](auto v) HWY_ATTR { return gelu_tanh_floats(HalfFloatTag(), v); });
    case Activation::relu:
      // NaN stays NaN: it is not below zero.
      return map_in_place(d, x, count, [](auto v) HWY_ATTR {
        const auto zero = hn::Zero(FloatTag());
        return hn::IfThenElse(hn::Lt(v, zero), zero, v);
      });
  }
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // BV2_ENGINE_SIMD_ACTIVATION_INL_H_
