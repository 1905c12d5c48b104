// Elementary functions on vectors of float32, accurate to a few units in the last place.
#pragma once

#include <math.h>

#include "engine/compiled/prelude/vectors.h"

typedef double doubles __attribute__((vector_size(8 * lanes)));
typedef int64_t longs __attribute__((vector_size(8 * lanes)));

static inline floats absolute(floats x) { return same_bits<floats>(same_bits<words>(x) & 0x7fffffffu); }
static inline floats smaller_of(floats a, floats b) { return pick(a < b, a, b); }
static inline floats larger_of(floats a, floats b) { return pick(a > b, a, b); }

// To the nearest whole number, for |x| < 2^22: adding 1.5 * 2^23 leaves no room for a fraction.
static inline floats nearest(floats x) {
  const floats shift = splat(0x1.8p23f);
  return (x + shift) - shift;
}

static inline floats rsqrt_of(floats x) {
  for (int lane = 0; lane < lanes; ++lane) x[lane] = 1.0f / __builtin_sqrtf(x[lane]);
  return x;
}

struct ExpParts {
  ints exponent;
  floats remainder;
};

// x = exponent * ln 2 + remainder, |remainder| <= ln 2 / 2.
static inline ExpParts split_exp(floats x) {
  const floats whole = nearest(x * 1.44269504f);
  floats rest = x - whole * 0.693359375f;  // exact: 9 bits
  rest = rest - whole * -2.12194440e-4f;
  return {__builtin_convertvector(whole, ints), rest};
}

// e^r - 1 for |r| <= ln 2 / 2: Taylor to degree 7, which leaves 5e-9.
static inline floats exp_minus_1_reduced(floats r) {
  floats sum = splat(1.0f / 5040);
  sum = sum * r + 1.0f / 720;
  sum = sum * r + 1.0f / 120;
  sum = sum * r + 1.0f / 24;
  sum = sum * r + 1.0f / 6;
  sum = sum * r + 1.0f / 2;
  return sum * (r * r) + r;
}

// factor * e^x, e^x counting as 0 below -125 and as infinite above 125; NaN for NaN.
static inline floats mul_exp(floats factor, floats x) {
  const floats lowest = splat(-125.0f);
  const ExpParts parts = split_exp(smaller_of(larger_of(x, lowest), splat(125.0f)));
  const floats power = exp_minus_1_reduced(parts.remainder) + 1.0f;
  const ints half = parts.exponent >> 1;  // two steps: the result may be subnormal
  const floats first = same_bits<floats>((half + 127) << 23);
  const floats second = same_bits<floats>((parts.exponent - half + 127) << 23);
  const floats result = factor * power * first * second;
  return pick(x != x, x, pick(x < lowest, factor * 0.0f, result));
}

static inline floats exp_of(floats x) { return mul_exp(splat(1.0f), x); }

static inline floats tanh_of(floats x) {
  const ExpParts parts = split_exp(smaller_of(absolute(x) * 2.0f, splat(20.0f)));
  const floats power = same_bits<floats>((parts.exponent + 127) << 23);
  const floats minus_1 = power * exp_minus_1_reduced(parts.remainder) + (power - 1.0f);
  const words sign = same_bits<words>(x) & 0x80000000u;
  const floats result = same_bits<floats>(same_bits<words>(minus_1 / (minus_1 + 2.0f)) | sign);
  return pick(x != x, x, result);
}

// factor / (1 + e^-x), without overflow for any x.
static inline floats mul_sigmoid(floats factor, floats x) {
  const floats negative = -absolute(x);
  const floats denominator = exp_of(negative) + 1.0f;
  const floats decayed = mul_exp(factor, negative);  // before e^x becomes subnormal
  return pick(x < splat(0.0f), decayed, factor) / denominator;
}
static inline floats sigmoid_of(floats x) { return mul_sigmoid(splat(1.0f), x); }
static inline floats silu_of(floats x) { return mul_sigmoid(x, x); }
static inline floats relu_of(floats x) { return pick(x < splat(0.0f), splat(0.0f), x); }  // NaN stays

// The functions below lose digits to cancellation in float32: computed in float64, rounded once.

static inline doubles pick(longs mask, doubles a, doubles b) {
  return same_bits<doubles>((mask & same_bits<longs>(a)) | (~mask & same_bits<longs>(b)));
}

// e^x to 3e-10; 0 below -700, infinite above 700.
static inline doubles exp_of(doubles x) {
  const doubles low = doubles{} - 700.0;
  const doubles high = doubles{} + 700.0;
  doubles bounded = pick(x > low, x, low);
  bounded = pick(bounded < high, bounded, high);
  const doubles shift = doubles{} + 0x1.8p52;
  const doubles whole = (bounded * 1.4426950408889634 + shift) - shift;
  const doubles r = bounded - whole * 0.69314718055994531;
  doubles power = doubles{} + 1.0 / 40320;
  power = power * r + 1.0 / 5040;
  power = power * r + 1.0 / 720;
  power = power * r + 1.0 / 120;
  power = power * r + 1.0 / 24;
  power = power * r + 1.0 / 6;
  power = power * r + 1.0 / 2;
  power = power * r + 1.0;
  power = power * r + 1.0;
  const longs exponent = same_bits<longs>(whole + shift) - same_bits<longs>(shift);
  const doubles result = power * same_bits<doubles>((exponent + 1023) << 52);
  return pick(x < low, doubles{}, pick(x > high, doubles{} + __builtin_inf(), result));
}

// x * Phi(x) = x * (1 + erf(x / sqrt 2)) / 2.
static inline floats gelu_of(floats x) {
  // e^(a^2 / 2) * Phi(-a) * (a + 4) as a polynomial of (a - 4) / (a + 4), a in [0, 40]; relative error 8e-10.
  const double coefficients[] = {0.7552851302115102,      -0.6078966347714228,     0.3871374126514707,
                                 -0.18652207879705898,    0.06039646923063421,     -0.007538248212526509,
                                 -0.003479376550874936,   0.0016234341725552572,   0.00013291845442310937,
                                 -0.00021713860003114933, -1.4188709670429898e-06, 2.1802253681198483e-05};
  const doubles wide = __builtin_convertvector(x, doubles);
  const doubles a = same_bits<doubles>(same_bits<longs>(wide) & INT64_MAX);
  const doubles bounded = pick(a < doubles{} + 40.0, a, doubles{} + 40.0);
  const doubles inverse = 1.0 / (bounded + 4.0);
  const doubles t = (bounded - 4.0) * inverse;
  doubles tail = doubles{} + coefficients[11];
  for (int i = 10; i >= 0; --i) tail = tail * t + coefficients[i];
  tail = tail * inverse * exp_of(a * a * -0.5);  // Phi(-|x|)
  const doubles phi = pick(wide < doubles{}, tail, 1.0 - tail);
  return pick(x != x, x, __builtin_convertvector(wide * phi, floats));
}

// x * (1 + tanh u) / 2 = x / (1 + e^-2u), u = sqrt(2 / pi) * (x + 0.044715 x^3).
static inline floats gelu_tanh_of(floats x) {
  const double minus_2_sqrt_2_over_pi = -1.5957691216057308;
  const doubles wide = __builtin_convertvector(x, doubles);
  const doubles factor = wide * wide * (0.044715 * minus_2_sqrt_2_over_pi) + minus_2_sqrt_2_over_pi;
  const floats result = __builtin_convertvector(wide / (exp_of(wide * factor) + 1.0), floats);
  return pick(x != x, x, result);
}

static inline floats sin_of(floats x) {
  for (int lane = 0; lane < lanes; ++lane) x[lane] = (float)sin((double)x[lane]);
  return x;
}
static inline floats cos_of(floats x) {
  for (int lane = 0; lane < lanes; ++lane) x[lane] = (float)cos((double)x[lane]);
  return x;
}
