// Vectors of float32, read from and written to memory of any floating dtype.
#pragma once

#include <stdint.h>

#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float floats __attribute__((vector_size(4 * lanes)));
typedef uint32_t words __attribute__((vector_size(4 * lanes)));
typedef int32_t ints __attribute__((vector_size(4 * lanes)));
typedef uint16_t halves __attribute__((vector_size(2 * lanes)));

struct bf16 {
  uint16_t bits;
};
struct f16 {
  uint16_t bits;
};

static inline floats splat(float x) { return floats{} + x; }
static inline words splat_bits(uint32_t x) { return words{} + x; }

template <class To, class From>
static inline To same_bits(From from) {
  To to;
  static_assert(sizeof(To) == sizeof(From), "as many bits");
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

// mask ? a : b, the mask being all ones or all zeros in each lane.
static inline words pick(ints mask, words a, words b) { return (words(mask) & a) | (~words(mask) & b); }
static inline floats pick(ints mask, floats a, floats b) {
  return same_bits<floats>(pick(mask, same_bits<words>(a), same_bits<words>(b)));
}

static inline floats widen(halves bits) {  // of bfloat16
  return same_bits<floats>(__builtin_convertvector(bits, words) << 16);
}

// The bits of x rounded to bfloat16, to nearest even; NaN stays one. In the upper half of each lane.
static inline words round_bits(floats x) {
  const words bits = same_bits<words>(x);
  const words rounded = bits + 0x7fff + ((bits >> 16) & 1);
  return pick(x != x, bits | 0x400000, rounded) & 0xffff0000u;
}

// lanes elements at p as float32.
static inline floats load(const float* p) {
  floats x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}
static inline floats load(const bf16* p) {
  halves x;
  __builtin_memcpy(&x, p, sizeof x);
  return widen(x);
}
static inline void store(float* p, floats x) { __builtin_memcpy(p, &x, sizeof x); }
static inline void store(bf16* p, floats x) {
  const halves upper = __builtin_convertvector(round_bits(x) >> 16, halves);
  __builtin_memcpy(p, &upper, sizeof upper);
}

#if defined(__AVX512F__)
static inline floats load(const f16* p) {
  return (floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p));
}
static inline void store(f16* p, floats x) {
  _mm256_storeu_si256((__m256i*)p, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
}
#elif defined(__F16C__)
static inline floats load(const f16* p) {
  return (floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p));
}
static inline void store(f16* p, floats x) {
  _mm_storeu_si128((__m128i*)p, _mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT));
}
#else
static inline floats load(const f16* p) {
  floats x;
  for (int lane = 0; lane < lanes; ++lane) x[lane] = (float)same_bits<_Float16>(p[lane].bits);
  return x;
}
static inline void store(f16* p, floats x) {
  for (int lane = 0; lane < lanes; ++lane) p[lane].bits = same_bits<uint16_t>((_Float16)x[lane]);
}
#endif

// The first `count` lanes; the others are 0.
template <class T>
static inline floats load_some(const T* p, long count) {
  T part[lanes] = {};
  for (long i = 0; i < count; ++i) part[i] = p[i];
  return load(part);
}
template <class T>
static inline void store_some(T* p, floats x, long count) {
  T part[lanes];
  store(part, x);
  for (long i = 0; i < count; ++i) p[i] = part[i];
}
// Elements that lie `stride` apart.
template <class T>
static inline floats load_apart(const T* p, long stride, long count) {
  T part[lanes] = {};
  for (long i = 0; i < count; ++i) part[i] = p[i * stride];
  return load(part);
}
template <class T>
static inline void store_apart(T* p, long stride, floats x, long count) {
  T part[lanes];
  store(part, x);
  for (long i = 0; i < count; ++i) p[i * stride] = part[i];
}
template <class T>
static inline floats load_one(const T* p) {
  return load_apart(p, 0, lanes);
}
template <>
inline floats load_one(const float* p) {
  return splat(*p);
}
template <>
inline floats load_one(const bf16* p) {
  return same_bits<floats>(splat_bits((uint32_t)p->bits << 16));
}

// Rounded to a dtype, to nearest even, and still float32.
template <class T>
static inline floats rounded(floats x);
template <>
inline floats rounded<float>(floats x) {
  return x;
}
template <>
inline floats rounded<bf16>(floats x) {
  return same_bits<floats>(round_bits(x));
}
template <>
inline floats rounded<f16>(floats x) {
  f16 part[lanes];
  store(part, x);
  return load(part);
}

static inline ints lane_numbers() {
  ints numbers;
  for (int lane = 0; lane < lanes; ++lane) numbers[lane] = lane;
  return numbers;
}
// x in the first `count` lanes, `other` in the rest.
static inline floats first_lanes(floats x, long count, floats other) {
  return pick(lane_numbers() < (int)count, x, other);
}

static inline float sum_of_lanes(floats x) {
  float part[lanes];
  store(part, x);
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) part[lane] += part[lane + half];
  return part[0];
}

// The larger one; NaN where one is.
static inline floats larger(floats a, floats b) { return pick((a >= b) | (a != a), a, b); }
static inline float largest_lane(floats x) {
  float part[lanes];
  store(part, x);
  float largest = part[0];
  for (int lane = 1; lane < lanes; ++lane)
    if (!(largest >= part[lane]) && largest == largest) largest = part[lane];
  return largest;
}

// For the place of the largest element: x stands at columns j, j + 1, ...; `count` of its lanes count.
static inline void note_largest(floats& best, ints& best_at, floats x, long j, long count) {
  const ints is_first_nan = (x != x) & (best == best);
  const ints is_better = ((x > best) | is_first_nan) & (lane_numbers() < (int)count);
  best = pick(is_better, x, best);
  best_at = (is_better & (lane_numbers() + (int)j)) | (~is_better & best_at);
}
// The first of the largest; the first NaN where there is one.
static inline long first_largest(floats best, ints best_at) {
  int found = 0;
  for (int lane = 1; lane < lanes; ++lane) {
    const bool is_nan = best[lane] != best[lane];
    const bool found_nan = best[found] != best[found];
    const bool is_equal = (is_nan && found_nan) || best[lane] == best[found];
    const bool is_larger = (is_nan && !found_nan) || best[lane] > best[found];
    if (is_larger || (is_equal && best_at[lane] < best_at[found])) found = lane;
  }
  return best_at[found];
}
