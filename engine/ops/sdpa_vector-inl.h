// Vector functions that the sdpa kernels share, compiled for each instruction set.
#if defined(BV2_SDPA_VECTOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef BV2_SDPA_VECTOR_INL_H
#undef BV2_SDPA_VECTOR_INL_H
#else
#define BV2_SDPA_VECTOR_INL_H
#endif

#include <hwy/highway.h>
// after highway.h
#include <hwy/contrib/math/math-inl.h>

#include "base/float16.h"
#include "engine/ops/sdpa_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;

// Arrays of vectors below stay in registers: their loops are unrolled, and these counts leave room for
// operands.
constexpr bool has_32_registers = !HWY_ARCH_X86 || HWY_TARGET <= HWY_AVX3;

constexpr float minus_infinity = -__builtin_inff();

/// 2^y for y <= 0, relative error below 2^-23; 0 below the normal numbers; NaN stays NaN.
HWY_INLINE Vector exp2_nonpositive(Floats d, Vector y) {
  const hn::RebindToSigned<Floats> di;
  const auto exponent = hn::NearestInt(y);
  const Vector f = hn::Sub(y, hn::ConvertTo(d, exponent));
  // Minimax for (2^f - 1) / f on [-1/2, 1/2], so that 2^0 is exactly 1: relative error 2.6e-9 before
  // rounding.
  Vector p = hn::Set(d, 1.5594678163e-4F);
  p = hn::MulAdd(p, f, hn::Set(d, 1.3406643904e-3F));
  p = hn::MulAdd(p, f, hn::Set(d, 9.6176929730e-3F));
  p = hn::MulAdd(p, f, hn::Set(d, 5.5503105510e-2F));
  p = hn::MulAdd(p, f, hn::Set(d, 2.4022652783e-1F));
  p = hn::MulAdd(p, f, hn::Set(d, 6.9314721497e-1F));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0F));
  const Vector power = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(exponent, hn::Set(di, 127))));
  return hn::IfThenZeroElse(hn::Lt(y, hn::Set(d, -126.0F)), hn::Mul(p, power));
}

/// The score in units of log2.
template <bool kSoftcap>
HWY_INLINE Vector transformed(Floats d, const ScoreTransform& transform, Vector score) {
  const Vector scaled = hn::Mul(score, hn::Set(d, transform.inner));
  if constexpr (kSoftcap) return hn::Mul(hn::Tanh(d, scaled), hn::Set(d, transform.outer));
  return scaled;
}

/// The max as what to subtract: rows that saw nothing yet (-inf) must not give -inf - -inf.
HWY_INLINE Vector finite_max(Floats d, Vector max) {
  return hn::IfThenZeroElse(hn::Eq(max, hn::Set(d, minus_infinity)), max);
}

template <class T>
HWY_INLINE Vector load_one_by_one(Floats d, const T* src) {
  alignas(64) float wide[hn::MaxLanes(Floats())];
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) wide[i] = static_cast<float>(src[i]);
  return hn::Load(d, wide);
}

template <class T>
HWY_INLINE void store_one_by_one(Floats d, Vector v, T* dst) {
  alignas(64) float wide[hn::MaxLanes(Floats())];
  hn::Store(v, d, wide);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) dst[i] = T(wide[i]);
}

HWY_INLINE Vector load_floats(Floats d, const float* src) { return hn::LoadU(d, src); }
HWY_INLINE Vector load_floats(Floats d, const BFloat16* src) {
#if HWY_TARGET == HWY_SCALAR
  return load_one_by_one(d, src);
#else
  const hn::Rebind<hwy::bfloat16_t, Floats> narrow;
  return hn::PromoteTo(d, hn::LoadU(narrow, reinterpret_cast<const hwy::bfloat16_t*>(src)));
#endif
}
HWY_INLINE Vector load_floats(Floats d, const Float16* src) {
#if HWY_TARGET == HWY_SCALAR || (HWY_ARCH_X86 && HWY_TARGET > HWY_AVX2)  // no conversion instruction
  return load_one_by_one(d, src);
#else
  const hn::Rebind<hwy::float16_t, Floats> narrow;
  return hn::PromoteTo(d, hn::LoadU(narrow, reinterpret_cast<const hwy::float16_t*>(src)));
#endif
}

HWY_INLINE void store_floats(Floats d, Vector v, float* dst) { hn::StoreU(v, d, dst); }
HWY_INLINE void store_floats(Floats d, Vector v, BFloat16* dst) {
#if HWY_TARGET == HWY_SCALAR
  store_one_by_one(d, v, dst);
#else
  // Highway's own conversion truncates.
  const hn::RebindToUnsigned<Floats> du;
  const hn::RebindToSigned<Floats> di;
  const hn::Rebind<std::uint16_t, Floats> narrow;
  const auto bits = hn::BitCast(du, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
  const auto quiet = hn::Or(bits, hn::Set(du, 0x400000));
  const auto is_nan = hn::RebindMask(du, hn::Ne(v, v));
  const auto upper = hn::ShiftRight<16>(hn::IfThenElse(is_nan, quiet, rounded));
  hn::StoreU(hn::DemoteTo(narrow, hn::BitCast(di, upper)), narrow, reinterpret_cast<std::uint16_t*>(dst));
  (void)d;
#endif
}
HWY_INLINE void store_floats(Floats d, Vector v, Float16* dst) {
#if HWY_TARGET == HWY_SCALAR || (HWY_ARCH_X86 && HWY_TARGET > HWY_AVX2)
  store_one_by_one(d, v, dst);
#else
  const hn::Rebind<hwy::float16_t, Floats> narrow;
  hn::StoreU(hn::DemoteTo(narrow, v), narrow, reinterpret_cast<hwy::float16_t*>(dst));
  (void)d;
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace bv2::engine
HWY_AFTER_NAMESPACE();

#endif  // toggle
