// Vectors of float32 read from and written to memory of any floating dtype; rounds to nearest even. Compiled
// once for each target.
#include <cstdint>
#include <cstring>

#include "base/float16.h"
#include "hwy/highway.h"

// clang-format off
#if defined(BV2_ENGINE_SIMD_FLOAT_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BV2_ENGINE_SIMD_FLOAT_VECTORS_INL_H_
#undef BV2_ENGINE_SIMD_FLOAT_VECTORS_INL_H_
#else
#define BV2_ENGINE_SIMD_FLOAT_VECTORS_INL_H_
#endif
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The tag of the widest float32 vector.
using FloatTag = hn::ScalableTag<float>;

/// Lanes(d) elements at p, as float32.
template <class D>
HWY_INLINE hn::Vec<D> load_floats(D d, const float* p) {
  return hn::LoadU(d, p);
}

template <class D>
HWY_INLINE hn::Vec<D> load_floats(D d, const BFloat16* p) {
  const hn::Rebind<std::uint32_t, D> du32;
  const hn::Rebind<std::uint16_t, D> du16;
  const auto bits = hn::LoadU(du16, reinterpret_cast<const std::uint16_t*>(p));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(du32, bits)));
}

// Highway's own float16 conversions in software truncate and turn infinities into numbers (1.0.3), so they
// are used only where the instruction exists.
#if HWY_TARGET <= HWY_AVX2
template <class D>
HWY_INLINE hn::Vec<D> load_floats(D d, const Float16* p) {
  const hn::Rebind<hwy::float16_t, D> df16;
  const hn::Rebind<std::uint16_t, D> du16;
  const auto bits = hn::LoadU(du16, reinterpret_cast<const std::uint16_t*>(p));
  return hn::PromoteTo(d, hn::BitCast(df16, bits));
}
#else
template <class D>
HWY_INLINE hn::Vec<D> load_floats(D d, const Float16* p) {
  const hn::Rebind<std::uint32_t, D> du32;
  const hn::Rebind<std::int32_t, D> di32;
  const hn::Rebind<std::uint16_t, D> du16;
  const auto bits = hn::PromoteTo(du32, hn::LoadU(du16, reinterpret_cast<const std::uint16_t*>(p)));
  const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(du32, 0x8000U)));
  const auto magnitude = hn::And(bits, hn::Set(du32, 0x7fffU));
  const auto shifted = hn::ShiftLeft<13>(magnitude);
  const auto signed_magnitude = hn::BitCast(di32, magnitude);
  const auto is_normal = hn::RebindMask(du32, hn::Gt(signed_magnitude, hn::Set(di32, 0x3ff)));
  const auto is_special = hn::RebindMask(du32, hn::Gt(signed_magnitude, hn::Set(di32, 0x7bff)));
  const auto normal = hn::Add(shifted, hn::Set(du32, 0x38000000U));
  const auto special = hn::Or(shifted, hn::Set(du32, 0x7f800000U));
  const auto small = hn::BitCast(du32, hn::Mul(hn::ConvertTo(d, signed_magnitude), hn::Set(d, 0x1p-24F)));
  const auto finite = hn::IfThenElse(is_normal, normal, small);
  return hn::BitCast(d, hn::Or(sign, hn::IfThenElse(is_special, special, finite)));
}
#endif

/// Writes Lanes(d) elements, each rounded to nearest even; NaN stays NaN.
template <class D>
HWY_INLINE void store_floats(D d, hn::Vec<D> v, float* p) {
  hn::StoreU(v, d, p);
}

// Highway 1.0.3 truncates when it demotes to bfloat16. The instruction of AVX512-BF16 would flush subnormal
// numbers to zero; integer arithmetic does neither.
template <class D>
HWY_INLINE void store_floats([[maybe_unused]] D d, hn::Vec<D> v, BFloat16* p) {
  const hn::Rebind<std::uint32_t, D> du32;
  const hn::Rebind<std::int32_t, D> di32;
  const hn::Rebind<std::uint16_t, D> du16;
  const auto bits = hn::BitCast(du32, v);
  const auto is_odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du32, 1U));
  const auto rounded = hn::Add(bits, hn::Add(is_odd, hn::Set(du32, 0x7fffU)));
  const auto quiet = hn::Or(bits, hn::Set(du32, 0x400000U));
  const auto is_nan = hn::RebindMask(du32, hn::IsNaN(v));
  const auto upper = hn::ShiftRight<16>(hn::IfThenElse(is_nan, quiet, rounded));
  const auto narrow = hn::DemoteTo(du16, hn::BitCast(di32, upper));
  hn::StoreU(narrow, du16, reinterpret_cast<std::uint16_t*>(p));
}

#if HWY_TARGET <= HWY_AVX2
template <class D>
HWY_INLINE void store_floats([[maybe_unused]] D d, hn::Vec<D> v, Float16* p) {
  const hn::Rebind<hwy::float16_t, D> df16;
  const hn::Rebind<std::uint16_t, D> du16;
  hn::StoreU(hn::BitCast(du16, hn::DemoteTo(df16, v)), du16, reinterpret_cast<std::uint16_t*>(p));
}
#else
template <class D>
HWY_INLINE void store_floats([[maybe_unused]] D d, hn::Vec<D> v, Float16* p) {
  const hn::Rebind<std::uint32_t, D> du32;
  const hn::Rebind<std::int32_t, D> di32;
  const hn::Rebind<std::uint16_t, D> du16;
  const auto bits = hn::BitCast(du32, v);
  const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(du32, 0x8000U));
  const auto magnitude = hn::And(bits, hn::Set(du32, 0x7fffffffU));
  const auto signed_magnitude = hn::BitCast(di32, magnitude);
  // Normal: rebias the exponent, round the mantissa. Subnormal: adding 0.5 lines the mantissa up so that the
  // addition itself rounds to even. See base/float16.h.
  const auto rebiased = hn::Sub(magnitude, hn::Set(du32, 0x38000000U));
  const auto is_odd = hn::And(hn::ShiftRight<13>(rebiased), hn::Set(du32, 1U));
  const auto normal = hn::ShiftRight<13>(hn::Add(rebiased, hn::Add(is_odd, hn::Set(du32, 0xfffU))));
  const auto aligned = hn::Add(hn::BitCast(d, magnitude), hn::Set(d, 0.5F));
  const auto small = hn::Sub(hn::BitCast(du32, aligned), hn::Set(du32, 0x3f000000U));
  const auto is_normal = hn::RebindMask(du32, hn::Gt(signed_magnitude, hn::Set(di32, 0x387fffff)));
  const auto overflows = hn::RebindMask(du32, hn::Gt(signed_magnitude, hn::Set(di32, 0x477fefff)));
  const auto is_nan = hn::RebindMask(du32, hn::IsNaN(v));
  auto half = hn::IfThenElse(is_normal, normal, small);
  half = hn::IfThenElse(overflows, hn::Set(du32, 0x7c00U), half);
  half = hn::IfThenElse(is_nan, hn::Set(du32, 0x7e00U), half);
  const auto narrow = hn::DemoteTo(du16, hn::BitCast(di32, hn::Or(sign, half)));
  hn::StoreU(narrow, du16, reinterpret_cast<std::uint16_t*>(p));
}
#endif

/// As load_floats for the first `count` lanes (fewer than all); the others are `fill`.
template <class D, class T>
HWY_INLINE hn::Vec<D> load_some_floats(D d, const T* p, std::size_t count, float fill = 0) {
  T lanes[hn::MaxLanes(D())];
  for (std::size_t lane = 0; lane < count; ++lane) lanes[lane] = p[lane];
  for (std::size_t lane = count; lane < hn::Lanes(d); ++lane) lanes[lane] = T(fill);
  return load_floats(d, lanes);
}

/// As store_floats, for the first `count` lanes only.
template <class D, class T>
HWY_INLINE void store_some_floats(D d, hn::Vec<D> v, T* p, std::size_t count) {
  T lanes[hn::MaxLanes(D())];
  store_floats(d, v, lanes);
  for (std::size_t lane = 0; lane < count; ++lane) p[lane] = lanes[lane];
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // BV2_ENGINE_SIMD_FLOAT_VECTORS_INL_H_
