// Attention's products and softmax with one query row a vector lane.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/sdpa_row_lanes.cpp"
#include "engine/simd/targets.h"
// before foreach_target.h
#include <hwy/foreach_target.h>
// after foreach_target.h
#include "engine/ops/sdpa_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine {
namespace HWY_NAMESPACE {
namespace {

constexpr int max_vectors = 3;
// 8 x 3 accumulators + 3 vectors of b + 1 broadcast of 32 registers; 4 x 3 + 3 + 1 of 16.
constexpr int product_rows = has_32_registers ? 8 : 4;

template <int kVectors, bool kUnitRow>
HWY_INLINE void product_group(const Product& product, const float* HWY_RESTRICT a, float* HWY_RESTRICT c) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t a_row = kUnitRow ? 1 : product.a_row;
  Vector sums[product_rows][kVectors];
  HWY_UNROLL(8)
  for (int i = 0; i < product_rows; ++i) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      sums[i][v] = product.accumulate ? hn::LoadU(d, c + i * product.c_stride + v * lanes) : hn::Zero(d);
    }
  }
  const float* HWY_RESTRICT b = static_cast<const float*>(product.b);
  for (std::int64_t j = 0; j < product.steps; ++j) {
    Vector columns[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::LoadU(d, b + v * lanes);
    HWY_UNROLL(8)
    for (int i = 0; i < product_rows; ++i) {
      const Vector factor = hn::Set(d, a[i * a_row]);
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(factor, columns[v], sums[i][v]);
    }
    a += kUnitRow ? product.a_step : 1;
    b += product.b_stride;
  }
  HWY_UNROLL(8)
  for (int i = 0; i < product_rows; ++i) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[i][v], d, c + i * product.c_stride + v * lanes);
  }
}

// One of a's strides is 1: known at compile time it saves address arithmetic.
template <int kVectors>
void product_of(const Product& product) {
  for (std::int64_t i = 0; i < product.rows; i += product_rows) {
    const float* a = static_cast<const float*>(product.a) + i * product.a_row;
    float* c = product.c + i * product.c_stride;
    if (product.a_row == 1)
      product_group<kVectors, true>(product, a, c);
    else
      product_group<kVectors, false>(product, a, c);
  }
}

void product(const Product& product) {
  switch (product.vectors) {
    case 1:
      return product_of<1>(product);
    case 2:
      return product_of<2>(product);
    default:
      return product_of<3>(product);
  }
}

template <bool kSoftcap, bool kMasked>
HWY_INLINE Vector transform_column(const RowLaneSoftmax& step, std::int64_t begin, std::int64_t end,
                                   std::int64_t offset, Vector max) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  const auto first = hn::LoadU(di, step.row_first + offset);
  const auto last = hn::LoadU(di, step.row_last + offset);
  for (std::int64_t key = begin; key < end; ++key) {
    float* address = step.scores + (key - step.first_key) * step.stride + offset;
    Vector score = transformed<kSoftcap>(d, step.transform, hn::LoadU(d, address));
    if constexpr (kMasked) {
      const auto position = hn::Set(di, static_cast<std::int32_t>(key));
      const auto hidden = hn::Or(hn::Lt(position, first), hn::Not(hn::Lt(position, last)));
      score = hn::IfThenElse(hn::RebindMask(d, hidden), hn::Set(d, minus_infinity), score);
    }
    hn::StoreU(score, d, address);
    max = hn::Max(max, score);
  }
  return max;
}

/// Transforms the scores in place; the new max of the rows of one vector.
template <bool kSoftcap>
HWY_INLINE Vector transform_scores(const RowLaneSoftmax& step, std::int64_t offset, Vector max) {
  const std::int64_t begin = step.first_key;
  const std::int64_t end = begin + step.keys;
  const std::int64_t unmasked_begin = HWY_MIN(end, HWY_MAX(begin, std::int64_t{step.unmasked.first}));
  const std::int64_t unmasked_end = HWY_MIN(end, HWY_MAX(unmasked_begin, std::int64_t{step.unmasked.last}));
  max = transform_column<kSoftcap, true>(step, begin, unmasked_begin, offset, max);
  max = transform_column<kSoftcap, false>(step, unmasked_begin, unmasked_end, offset, max);
  return transform_column<kSoftcap, true>(step, unmasked_end, end, offset, max);
}

/// The nearest bfloat16, as the float32 that it is. Powers are not NaN with a full mantissa, so adding cannot
/// wrap.
HWY_INLINE Vector rounded_to_bfloat16(Floats d, Vector v) {
  const hn::RebindToUnsigned<Floats> du;
  const auto bits = hn::BitCast(du, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
  return hn::BitCast(d, hn::And(rounded, hn::Set(du, 0xffff0000)));
}

/// Powers of two keys as one word each; the odd key may be none.
HWY_INLINE Vector sum_of_paired_powers(const RowLaneSoftmax& step, std::int64_t offset, Vector shift) {
  const Floats d;
  const hn::RebindToUnsigned<Floats> du;
  Vector sums[2] = {hn::Zero(d), hn::Zero(d)};
  for (std::int64_t key = 0; key < step.keys; key += 2) {
    const float* address = step.scores + key * step.stride + offset;
    const bool odd_exists = key + 1 < step.keys;
    const Vector even = rounded_to_bfloat16(d, exp2_nonpositive(d, hn::Sub(hn::LoadU(d, address), shift)));
    Vector odd = hn::Zero(d);
    if (odd_exists) {
      odd = rounded_to_bfloat16(d, exp2_nonpositive(d, hn::Sub(hn::LoadU(d, address + step.stride), shift)));
    }
    const auto word = hn::Or(hn::ShiftRight<16>(hn::BitCast(du, even)), hn::BitCast(du, odd));
    hn::StoreU(hn::BitCast(d, word), d, step.scores + key / 2 * step.stride + offset);
    sums[0] = hn::Add(sums[0], even);
    sums[1] = hn::Add(sums[1], odd);
  }
  return hn::Add(sums[0], sums[1]);
}

/// Two at a time: one would wait for the latency of each exp2's chain.
HWY_INLINE Vector sum_of_powers(const RowLaneSoftmax& step, std::int64_t offset, Vector shift) {
  const Floats d;
  Vector sums[2] = {hn::Zero(d), hn::Zero(d)};
  float* address = step.scores + offset;
  std::int64_t key = 0;
  for (; key + 2 <= step.keys; key += 2, address += 2 * step.stride) {
    const Vector even = exp2_nonpositive(d, hn::Sub(hn::LoadU(d, address), shift));
    const Vector odd = exp2_nonpositive(d, hn::Sub(hn::LoadU(d, address + step.stride), shift));
    hn::StoreU(even, d, address);
    hn::StoreU(odd, d, address + step.stride);
    sums[0] = hn::Add(sums[0], even);
    sums[1] = hn::Add(sums[1], odd);
  }
  if (key < step.keys) {
    const Vector power = exp2_nonpositive(d, hn::Sub(hn::LoadU(d, address), shift));
    hn::StoreU(power, d, address);
    sums[0] = hn::Add(sums[0], power);
  }
  return hn::Add(sums[0], sums[1]);
}

void softmax(const RowLaneSoftmax& step) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t offset = 0; offset < step.vectors * lanes; offset += lanes) {
    const Vector old_max = hn::LoadU(d, step.max + offset);
    const Vector new_max = step.transform.outer != 0 ? transform_scores<true>(step, offset, old_max)
                                                     : transform_scores<false>(step, offset, old_max);
    const Vector shift = finite_max(d, new_max);
    const Vector correction = exp2_nonpositive(d, hn::Sub(old_max, shift));
    const Vector sum =
        step.pairs ? sum_of_paired_powers(step, offset, shift) : sum_of_powers(step, offset, shift);
    hn::StoreU(hn::MulAdd(hn::LoadU(d, step.sum + offset), correction, sum), d, step.sum + offset);
    hn::StoreU(new_max, d, step.max + offset);
    for (std::int64_t column = 0; column < step.columns; ++column) {
      float* out = step.out + column * step.stride + offset;
      hn::StoreU(hn::Mul(hn::LoadU(d, out), correction), d, out);
    }
  }
}

RowLaneKernels kernels() {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Floats()));
  return {.lanes = lanes,
          .row_block = max_vectors * lanes,
          .product_rows = product_rows,
          .steps_per_word = 1,
          .load_steps = nullptr,
          .load_step_rows = nullptr,
          .product = product,
          .softmax = softmax};
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace bv2::engine
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(kernels);

RowLaneKernels row_lane_kernels() {
  RowLaneKernels result = HWY_DYNAMIC_DISPATCH(kernels)();
  result.load_steps = result.load_step_rows = row_kernels().load;
  return result;
}

}  // namespace bv2::engine
#endif
