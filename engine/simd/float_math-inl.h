// Elementary functions on float32 vectors, accurate to a few units in the last place (ulp). Compiled once for
// each target.
#include <cmath>
#include <cstdint>

#include "hwy/highway.h"

// clang-format off
#if defined(BV2_ENGINE_SIMD_FLOAT_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BV2_ENGINE_SIMD_FLOAT_MATH_INL_H_
#undef BV2_ENGINE_SIMD_FLOAT_MATH_INL_H_
#else
#define BV2_ENGINE_SIMD_FLOAT_MATH_INL_H_
#endif
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// coefficients[0] + x * (coefficients[1] + x * ...)
template <class D, std::size_t count, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> polynomial(D d, hn::Vec<D> x, const T (&coefficients)[count]) {
  auto sum = hn::Set(d, coefficients[count - 1]);
  for (std::size_t i = count - 1; i-- > 0;) sum = hn::MulAdd(sum, x, hn::Set(d, coefficients[i]));
  return sum;
}

/// x = exponent * ln 2 + remainder, |remainder| <= ln 2 / 2. |x| < 2^20.
template <class D>
struct ExpParts {
  hn::Vec<hn::RebindToSigned<D>> exponent;
  hn::Vec<D> remainder;
};

template <class D>
HWY_INLINE ExpParts<D> split_exp(D d, hn::Vec<D> x) {
  const hn::RebindToSigned<D> di;
  const auto whole = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504F)));
  // The upper part of ln 2 has 9 bits, so that its product is exact without a fused multiply-add too.
  const auto partly = hn::NegMulAdd(whole, hn::Set(d, 0.693359375F), x);
  return {hn::ConvertTo(di, whole), hn::NegMulAdd(whole, hn::Set(d, -2.12194440e-4F), partly)};
}

/// (e^r - 1) for |r| <= ln 2 / 2: Taylor to degree 7, which leaves 5e-9.
template <class D>
HWY_INLINE hn::Vec<D> exp_minus_1_reduced(D d, hn::Vec<D> r) {
  constexpr float coefficients[] = {1.F / 2, 1.F / 6, 1.F / 24, 1.F / 120, 1.F / 720, 1.F / 5040};
  return hn::MulAdd(polynomial(d, r, coefficients), hn::Mul(r, r), r);
}

/// x * 2^exponent for exponents within [-252, 254], rounded once where the result is subnormal.
template <class D>
HWY_INLINE hn::Vec<D> scale_by_power(D d, hn::Vec<D> x, hn::Vec<hn::RebindToSigned<D>> exponent) {
  const hn::RebindToSigned<D> di;
  const auto half = hn::ShiftRight<1>(exponent);
  const auto rest = hn::Sub(exponent, half);
  const auto bias = hn::Set(di, 127);
  const auto first = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const auto second = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(rest, bias)));
  return hn::Mul(hn::Mul(x, first), second);
}

/// factor * e^x; NaN for NaN.
template <class D>
HWY_INLINE hn::Vec<D> mul_exp(D d, hn::Vec<D> factor, hn::Vec<D> x) {
  // Beyond these the result is 0 or infinite in any case (for factors up to 2^20).
  const auto bounded = hn::Min(hn::Max(x, hn::Set(d, -125.F)), hn::Set(d, 125.F));
  const auto parts = split_exp(d, bounded);
  const auto power = hn::Add(exp_minus_1_reduced(d, parts.remainder), hn::Set(d, 1.F));
  const auto result = scale_by_power(d, hn::Mul(factor, power), parts.exponent);
  return hn::IfThenElse(hn::IsNaN(x), x, result);
}

/// e^x, within 1 ulp.
template <class D>
HWY_INLINE hn::Vec<D> exp_floats(D d, hn::Vec<D> x) {
  return mul_exp(d, hn::Set(d, 1.F), x);
}

/// tanh x, within 3 ulp.
template <class D>
HWY_INLINE hn::Vec<D> tanh_floats(D d, hn::Vec<D> x) {
  // (e^2|x| - 1) / (e^2|x| + 1), whose numerator has no cancellation when e^r - 1 is kept apart. 1 beyond 10.
  const hn::RebindToSigned<D> di;
  const auto doubled = hn::Min(hn::Mul(hn::Abs(x), hn::Set(d, 2.F)), hn::Set(d, 20.F));
  const auto parts = split_exp(d, doubled);
  const auto power =
      hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(parts.exponent, hn::Set(di, 127))));
  const auto one = hn::Set(d, 1.F);
  const auto minus_1 =
      hn::MulAdd(power, exp_minus_1_reduced(d, parts.remainder), hn::Sub(power, one));
  const auto magnitude = hn::Div(minus_1, hn::Add(minus_1, hn::Set(d, 2.F)));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::CopySign(magnitude, x));
}

/// numerator(x) / (1 + e^-|x|), numerator being `factor` where x >= 0 and factor * e^-|x| elsewhere: never
/// overflows.
template <class D>
HWY_INLINE hn::Vec<D> mul_sigmoid(D d, hn::Vec<D> factor, hn::Vec<D> x) {
  const auto one = hn::Set(d, 1.F);
  const auto negative = hn::Neg(hn::Abs(x));
  const auto decay = exp_floats(d, negative);
  const auto numerator = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(factor, decay), factor);
  return hn::Div(numerator, hn::Add(one, decay));
}

/// 1 / (1 + e^-x), within 3 ulp.
template <class D>
HWY_INLINE hn::Vec<D> sigmoid_floats(D d, hn::Vec<D> x) {
  return mul_sigmoid(d, hn::Set(d, 1.F), x);
}

/// x / (1 + e^-x), within 4 ulp where the result is not subnormal.
template <class D>
HWY_INLINE hn::Vec<D> silu_floats(D d, hn::Vec<D> x) {
  return mul_sigmoid(d, x, x);
}

// The functions below lose digits to cancellation or to a large argument in float32. They are computed in
// float64 and rounded once. `D` is the tag of half a vector: as many float32 as a vector has float64.

/// As many float32 lanes as a vector has float64 lanes.
using HalfFloatTag = hn::Rebind<float, hn::ScalableTag<double>>;

/// e^x to 3e-10; 0 below -700, infinite above 700.
template <class DD>
HWY_INLINE hn::Vec<DD> exp_doubles(DD dd, hn::Vec<DD> x) {
  const hn::RebindToSigned<DD> di;
  const hn::Rebind<std::int32_t, DD> di32;
  const auto low = hn::Set(dd, -700.0);
  const auto high = hn::Set(dd, 700.0);
  const auto bounded = hn::Min(hn::Max(x, low), high);
  const auto whole = hn::Round(hn::Mul(bounded, hn::Set(dd, 1.4426950408889634)));
  const auto r = hn::NegMulAdd(whole, hn::Set(dd, 0.69314718055994531), bounded);
  constexpr double coefficients[] = {1.0,       1.0,       1.0 / 2,    1.0 / 6,    1.0 / 24,
                                     1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320};
  const auto power = polynomial(dd, r, coefficients);
  const auto exponent = hn::PromoteTo(di, hn::DemoteTo(di32, whole));
  const auto scale = hn::BitCast(dd, hn::ShiftLeft<52>(hn::Add(exponent, hn::Set(di, std::int64_t{1023}))));
  auto result = hn::Mul(power, scale);
  result = hn::IfThenElse(hn::Lt(x, low), hn::Zero(dd), result);
  return hn::IfThenElse(hn::Gt(x, high), hn::Set(dd, HUGE_VAL), result);
}

/// x * Phi(x) with the normal distribution's Phi, that is x * (1 + erf(x / sqrt 2)) / 2; within 1 ulp.
template <class D>
HWY_INLINE hn::Vec<D> gelu_floats(D d, hn::Vec<D> x) {
  const hn::Rebind<double, D> dd;
  // e^(a^2 / 2) * Phi(-a) * (a + 4) as a polynomial of t = (a - 4) / (a + 4): Chebyshev interpolation for a in
  // [0, 40], relative error 8e-10. At 40 the tail is below the smallest float32.
  constexpr double coefficients[] = {0.7552851302115102,     -0.6078966347714228,     0.3871374126514707,
                                     -0.18652207879705898,   0.06039646923063421,     -0.007538248212526509,
                                     -0.003479376550874936,  0.0016234341725552572,   0.00013291845442310937,
                                     -0.00021713860003114933, -1.4188709670429898e-06, 2.1802253681198483e-05};
  const auto wide = hn::PromoteTo(dd, x);
  const auto a = hn::Abs(wide);
  const auto bounded = hn::Min(a, hn::Set(dd, 40.0));
  const auto four = hn::Set(dd, 4.0);
  const auto inverse = hn::Div(hn::Set(dd, 1.0), hn::Add(bounded, four));
  const auto scaled_tail = polynomial(dd, hn::Mul(hn::Sub(bounded, four), inverse), coefficients);
  const auto decay = exp_doubles(dd, hn::Mul(hn::Mul(a, a), hn::Set(dd, -0.5)));
  const auto tail = hn::Mul(hn::Mul(scaled_tail, inverse), decay);  // Phi(-|x|)
  const auto phi = hn::IfThenElse(hn::Lt(wide, hn::Zero(dd)), tail, hn::Sub(hn::Set(dd, 1.0), tail));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::DemoteTo(d, hn::Mul(wide, phi)));
}

/// x * (1 + tanh u) / 2 = x / (1 + e^-2u), u = sqrt(2 / pi) * (x + 0.044715 x^3); within 1 ulp.
template <class D>
HWY_INLINE hn::Vec<D> gelu_tanh_floats(D d, hn::Vec<D> x) {
  const hn::Rebind<double, D> dd;
  constexpr double minus_2_sqrt_2_over_pi = -1.5957691216057308;
  const auto wide = hn::PromoteTo(dd, x);
  const auto square = hn::Mul(wide, wide);
  const auto factor = hn::MulAdd(square, hn::Set(dd, 0.044715 * minus_2_sqrt_2_over_pi),
                                 hn::Set(dd, minus_2_sqrt_2_over_pi));
  const auto decay = exp_doubles(dd, hn::Mul(wide, factor));
  const auto result = hn::DemoteTo(d, hn::Div(wide, hn::Add(hn::Set(dd, 1.0), decay)));
  return hn::IfThenElse(hn::IsNaN(x), x, result);
}

/// sin(x + quarter * pi / 2), within 1 ulp. Angles beyond 2^20 go through the C library, lane by lane.
template <class D>
HWY_INLINE hn::Vec<D> sine_floats(D d, hn::Vec<D> x, std::int32_t quarter) {
  const hn::Rebind<double, D> dd;
  const hn::Rebind<std::int32_t, D> di32;
  const hn::RebindToSigned<decltype(dd)> di;
  const auto limit = hn::Set(d, 0x1p20F);
  const auto inside = hn::Le(hn::Abs(x), limit);
  if (HWY_UNLIKELY(!hn::AllTrue(d, inside))) {
    float lanes[hn::MaxLanes(D())];
    hn::StoreU(x, d, lanes);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
      const double angle = lanes[lane];
      lanes[lane] = static_cast<float>(quarter == 0 ? ::sin(angle) : ::cos(angle));
    }
    return hn::LoadU(d, lanes);
  }
  const auto wide = hn::PromoteTo(dd, x);
  const auto quarters = hn::Round(hn::Mul(wide, hn::Set(dd, 0.63661977236758138)));
  // pi / 2 in three parts; the first two have 33 bits, so that their products with quarters < 2^20 are exact.
  auto r = hn::NegMulAdd(quarters, hn::Set(dd, 1.57079632673412561417e+00), wide);
  r = hn::NegMulAdd(quarters, hn::Set(dd, 6.07710050630396597660e-11), r);
  r = hn::NegMulAdd(quarters, hn::Set(dd, 2.02226624879595063154e-21), r);
  const auto square = hn::Mul(r, r);
  constexpr double sine[] = {1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800};
  constexpr double cosine[] = {1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800};
  const auto sine_of_r = hn::Mul(r, polynomial(dd, square, sine));
  const auto cosine_of_r = polynomial(dd, square, cosine);
  const auto turn = hn::Add(hn::PromoteTo(di, hn::DemoteTo(di32, quarters)),
                            hn::Set(di, static_cast<std::int64_t>(quarter)));
  const auto one = hn::Set(di, std::int64_t{1});
  const auto is_odd = hn::RebindMask(dd, hn::Eq(hn::And(turn, one), one));
  const auto magnitude = hn::IfThenElse(is_odd, cosine_of_r, sine_of_r);
  const auto sign = hn::ShiftLeft<62>(hn::And(turn, hn::Set(di, std::int64_t{2})));
  return hn::DemoteTo(d, hn::Xor(magnitude, hn::BitCast(dd, sign)));
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // BV2_ENGINE_SIMD_FLOAT_MATH_INL_H_
