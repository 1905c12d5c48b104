// Attention of few query rows with head_dim along the vector lanes: keys and values are read once, as they
// lie in the cache, for all rows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/sdpa_decode.cpp"
#include "engine/simd/targets.h"
// before foreach_target.h
#include <hwy/foreach_target.h>
// after foreach_target.h
#include <algorithm>

#include "engine/ops/sdpa_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine {
namespace HWY_NAMESPACE {
namespace {

// Rows that share one pass over a block: rows x keys (scores) and rows x columns (out) accumulators.
constexpr int max_shared_rows = has_32_registers ? 4 : 2;
constexpr int keys_at_once = 4;
constexpr int vectors_at_once = 4;

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void store_four_sums(Floats d, Vector a, Vector b, Vector c, Vector e, float* dst) {
  const Vector sums[] = {a, b, c, e};
  for (int i = 0; i < 4; ++i) hn::Store(sums[i], d, dst + i);
}
#else
template <class D>
HWY_INLINE hn::Vec<hn::Full128<float> > fold_to_128(D, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    return v;
  } else {
    const hn::Half<D> half;
    return fold_to_128(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

/// dst[i] = the sum of the lanes of the i-th vector: together they take a third of the shuffles.
HWY_INLINE void store_four_sums(Floats d, Vector a, Vector b, Vector c, Vector e, float* dst) {
  const hn::Repartition<double, Floats> pairs;
  const Vector ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const Vector ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  const auto low = hn::InterleaveLower(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, ce));
  const auto high = hn::InterleaveUpper(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, ce));
  const hn::Full128<float> four;
  hn::StoreU(fold_to_128(d, hn::Add(hn::BitCast(d, low), hn::BitCast(d, high))), four, dst);
}
#endif

/// Scores of kRows rows from `row` on. A block's last keys come one group again with the last key repeated.
template <int kRows, class T>
void scores_of(const DecodeStep& step, std::int64_t row) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* keys = reinterpret_cast<const T*>(step.keys);
  const float* queries = step.queries + row * step.width;
  float* scores = step.scores + row * step.scores_stride;
  for (std::int64_t key = 0; key < step.key_count; key += keys_at_once) {
    const T* source[keys_at_once];
    for (int i = 0; i < keys_at_once; ++i) {
      source[i] = keys + std::min(key + i, step.key_count - 1) * step.key_stride;
    }
    Vector sums[kRows][keys_at_once];
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
      HWY_UNROLL(4)
      for (int i = 0; i < keys_at_once; ++i) sums[r][i] = hn::Zero(d);
    }
    for (std::int64_t column = 0; column < step.width; column += lanes) {
      Vector wide[keys_at_once];
      HWY_UNROLL(4)
      for (int i = 0; i < keys_at_once; ++i) wide[i] = load_floats(d, source[i] + column);
      HWY_UNROLL(4)
      for (int r = 0; r < kRows; ++r) {
        const Vector query = hn::LoadU(d, queries + r * step.width + column);
        HWY_UNROLL(4)
        for (int i = 0; i < keys_at_once; ++i) sums[r][i] = hn::MulAdd(query, wide[i], sums[r][i]);
      }
    }
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
      store_four_sums(d, sums[r][0], sums[r][1], sums[r][2], sums[r][3],
                      scores + r * step.scores_stride + key);
    }
  }
}

/// out[row] += sum over keys of probability * value, for kVectors vectors of columns from `column` on.
template <int kRows, int kVectors, class T>
HWY_INLINE void add_values_of(const DecodeStep& step, std::int64_t row, std::int64_t column) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* values = reinterpret_cast<const T*>(step.values) + column;
  const float* scores = step.scores + row * step.scores_stride;
  float* out = step.out + row * step.width + column;
  Vector sums[kRows][kVectors];
  HWY_UNROLL(4)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::LoadU(d, out + r * step.width + v * lanes);
  }
  for (std::int64_t key = 0; key < step.key_count; ++key, values += step.value_stride) {
    Vector wide[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) wide[v] = load_floats(d, values + v * lanes);
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
      const Vector probability = hn::Set(d, scores[r * step.scores_stride + key]);
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(probability, wide[v], sums[r][v]);
    }
  }
  HWY_UNROLL(4)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, out + r * step.width + v * lanes);
  }
}

template <int kRows, class T>
void add_values(const DecodeStep& step, std::int64_t row) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Floats()));
  std::int64_t column = 0;
  for (; column + vectors_at_once * lanes <= step.width; column += vectors_at_once * lanes) {
    add_values_of<kRows, vectors_at_once, T>(step, row, column);
  }
  for (; column < step.width; column += lanes) add_values_of<kRows, 1, T>(step, row, column);
}

/// Transforms a row's scores in place, -inf where the key is hidden and up to whole vectors; the new max.
template <bool kSoftcap>
float transform_row(const DecodeStep& step, float* scores, KeyRange range, float max) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t first = std::clamp<std::int64_t>(range.first - step.first_key, 0, step.key_count);
  const std::int64_t last = std::clamp<std::int64_t>(range.last - step.first_key, first, step.key_count);
  const std::int64_t padded = (step.key_count + lanes - 1) / lanes * lanes;
  // Before the transform too, since what lies behind the last key is not a score.
  std::fill(scores + step.key_count, scores + padded, 0.0F);
  for (std::int64_t key = 0; key < padded; key += lanes) {
    hn::StoreU(transformed<kSoftcap>(d, step.transform, hn::LoadU(d, scores + key)), d, scores + key);
  }
  std::fill(scores, scores + first, minus_infinity);
  std::fill(scores + last, scores + padded, minus_infinity);
  Vector largest = hn::Set(d, max);
  for (std::int64_t key = 0; key < padded; key += lanes)
    largest = hn::Max(largest, hn::LoadU(d, scores + key));
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

void softmax_row(const DecodeStep& step, std::int64_t row) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  float* scores = step.scores + row * step.scores_stride;
  const float old_max = step.max[row];
  const float new_max = step.transform.outer != 0
                            ? transform_row<true>(step, scores, step.ranges[row], old_max)
                            : transform_row<false>(step, scores, step.ranges[row], old_max);
  const Vector shift = finite_max(d, hn::Set(d, new_max));
  Vector sum = hn::Zero(d);
  for (std::int64_t key = 0; key < step.key_count; key += lanes) {
    const Vector power = exp2_nonpositive(d, hn::Sub(hn::LoadU(d, scores + key), shift));
    hn::StoreU(power, d, scores + key);
    sum = hn::Add(sum, power);
  }
  const Vector correction = exp2_nonpositive(d, hn::Sub(hn::Set(d, old_max), shift));
  step.sum[row] = step.sum[row] * hn::GetLane(correction) + hn::GetLane(hn::SumOfLanes(d, sum));
  step.max[row] = new_max;
  float* out = step.out + row * step.width;
  for (std::int64_t column = 0; column < step.width; column += lanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, out + column), correction), d, out + column);
  }
}

template <int kRows, class T>
void rows_step(const DecodeStep& step, std::int64_t row) {
  scores_of<kRows, T>(step, row);
  for (int r = 0; r < kRows; ++r) softmax_row(step, row + r);
  add_values<kRows, T>(step, row);
}

template <class T>
void step_of(const DecodeStep& step) {
  std::int64_t row = 0;
  if constexpr (max_shared_rows == 4) {
    for (; row + 4 <= step.rows; row += 4) rows_step<4, T>(step, row);
    if (row + 3 <= step.rows) {
      rows_step<3, T>(step, row);
      row += 3;
    }
  }
  for (; row + 2 <= step.rows; row += 2) rows_step<2, T>(step, row);
  if (row < step.rows) rows_step<1, T>(step, row);
}

void step(const DecodeStep& step) {
  if (step.dtype == Dtype::bfloat16) return step_of<BFloat16>(step);
  if (step.dtype == Dtype::float16) return step_of<Float16>(step);
  return step_of<float>(step);
}

DecodeKernels kernels() {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Floats()));
  return {lanes, std::max<std::int64_t>(lanes / 2, max_shared_rows), step};
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace bv2::engine
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(kernels);

DecodeKernels decode_kernels() { return HWY_DYNAMIC_DISPATCH(kernels)(); }

}  // namespace bv2::engine
#endif
