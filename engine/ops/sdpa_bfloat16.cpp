// Attention's products of bfloat16 in pairs, for processors with AVX512-BF16: twice the rate of float32.
// Highway 1.0 has no target with that instruction, hence the intrinsics.
#include <cstring>

#include "engine/ops/sdpa_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bv2::engine {

#if defined(__x86_64__)
namespace {

constexpr int product_rows = 8;
constexpr std::int64_t lanes = 16;

#define BV2_AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

BV2_AVX512_BF16 inline __m512bh broadcast_pair(const std::int32_t* address) {
  std::int32_t word = 0;
  std::memcpy(&word, address, sizeof word);  // a cache's rows may be aligned to two bytes only
  return reinterpret_cast<__m512bh>(_mm512_set1_epi32(word));
}

template <int kVectors>
BV2_AVX512_BF16 void product_group(const Product& product, const std::int32_t* __restrict a,
                                   float* __restrict c) {
  __m512 sums[product_rows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < product_rows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[i][v] =
          product.accumulate ? _mm512_loadu_ps(c + i * product.c_stride + v * lanes) : _mm512_setzero_ps();
    }
  }
  const auto* __restrict b = static_cast<const std::int32_t*>(product.b);
  for (std::int64_t j = 0; j < product.steps; ++j) {
    __m512bh columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      columns[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + v * lanes));
    }
#pragma GCC unroll 8
    for (int i = 0; i < product_rows; ++i) {
      const __m512bh factor = broadcast_pair(a + i * product.a_row);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], factor, columns[v]);
    }
    a += product.a_step;
    b += product.b_stride;
  }
#pragma GCC unroll 8
  for (int i = 0; i < product_rows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) _mm512_storeu_ps(c + i * product.c_stride + v * lanes, sums[i][v]);
  }
}

template <int kVectors>
BV2_AVX512_BF16 void product_of(const Product& product) {
  const auto* a = static_cast<const std::int32_t*>(product.a);
  for (std::int64_t i = 0; i < product.rows; i += product_rows) {
    product_group<kVectors>(product, a + i * product.a_row, product.c + i * product.c_stride);
  }
}

void pair_product(const Product& product) {
  if (product.vectors == 1) return product_of<1>(product);
  if (product.vectors == 2) return product_of<2>(product);
  return product_of<3>(product);
}

void copy_rows(Dtype, const std::byte* src, std::int64_t src_stride, std::int64_t rows, std::int64_t columns,
               float* dst, std::int64_t dst_stride) {
  constexpr std::int64_t element_bytes = 2;
  const auto used = static_cast<std::size_t>(columns * element_bytes);
  const auto whole = static_cast<std::size_t>(dst_stride) * sizeof(float);
  for (std::int64_t row = 0; row < rows; ++row) {
    auto* to = reinterpret_cast<std::byte*>(dst + row * dst_stride);
    std::memcpy(to, src + row * src_stride * element_bytes, used);
    std::memset(to + used, 0, whole - used);
  }
}

}  // namespace
#endif

RowLaneKernels row_lane_kernels(Dtype dtype) {
  RowLaneKernels kernels = row_lane_kernels();
#if defined(__x86_64__)
  // lanes: Highway's choice may be capped below AVX-512.
  if (dtype == Dtype::bfloat16 && kernels.lanes == lanes && __builtin_cpu_supports("avx512bf16")) {
    kernels.steps_per_word = 2;
    kernels.load_steps = copy_rows;
    kernels.load_step_rows = row_kernels().load_paired_rows;
    kernels.product = pair_product;
  }
#endif
  return kernels;
}

}  // namespace bv2::engine
