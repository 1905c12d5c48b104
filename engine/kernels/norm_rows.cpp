// RMSNorm and LayerNorm of rows. Compiled once for each target.
#include "engine/kernels/norm_rows.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/norm_rows.cpp"
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format off
#include "engine/simd/float_vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

using FloatVec = hn::Vec<FloatTag>;

template <class T>
HWY_INLINE FloatVec load_count(const T* at, std::size_t count) {
  const FloatTag d;
  return count == hn::Lanes(d) ? load_floats(d, at) : load_some_floats(d, at, count);
}

/// The sum over i of term(x[i]) for `width` elements; term(0) must be 0 unless width is whole vectors.
template <class T, class Term>
HWY_INLINE float sum_of(const T* x, std::int64_t width, const Term& term) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  // Four chains hide the latency of addition.
  FloatVec sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  std::int64_t i = 0;
  for (; i + 4 * lanes <= width; i += 4 * lanes) {
    for (int chain = 0; chain < 4; ++chain) {
      sums[chain] = hn::Add(sums[chain], term(load_floats(d, x + i + chain * lanes), hn::Lanes(d)));
    }
  }
  for (; i < width; i += lanes) {
    const auto count = static_cast<std::size_t>(std::min(lanes, width - i));
    sums[0] = hn::Add(sums[0], term(load_count(x + i, count), count));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
}

/// out[i] = map(x[i], i, count)
template <class T, class Map>
HWY_INLINE void map_row(const T* x, T* out, std::int64_t width, const Map& map) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < width; i += lanes) {
    const auto count = static_cast<std::size_t>(std::min(lanes, width - i));
    const auto v = map(load_count(x + i, count), i, count);
    if (count == hn::Lanes(d))
      store_floats(d, v, out + i);
    else
      store_some_floats(d, v, out + i, count);
  }
}

template <class T>
void rms_norm_row(const NormRows& norm, const T* x, const T* residual, T* out) {
  const FloatTag d;
  const std::int64_t width = norm.view.width;
  const float squares = sum_of(x, width, [](auto v, std::size_t) HWY_ATTR { return hn::Mul(v, v); });
  const auto epsilon = static_cast<float>(norm.epsilon);
  const auto scale = hn::Set(d, 1.F / std::sqrt(squares / static_cast<float>(width) + epsilon));
  const auto offset = hn::Set(d, norm.weight_offset);
  const T* weight = reinterpret_cast<const T*>(norm.weight);
  map_row(x, out, width, [&](auto v, std::int64_t i, std::size_t count) HWY_ATTR {
    const auto normed = hn::Mul(hn::Mul(v, scale), hn::Add(load_count(weight + i, count), offset));
    return residual == nullptr ? normed : hn::Add(normed, load_count(residual + i, count));
  });
}

template <class T>
void layer_norm_row(const NormRows& norm, const T* x, T* out) {
  const FloatTag d;
  const std::int64_t width = norm.view.width;
  const auto length = static_cast<float>(width);
  const float sum = sum_of(x, width, [](auto v, std::size_t) HWY_ATTR { return v; });
  const auto mean = hn::Set(d, sum / length);
  // Of the centred values: the mean of squares minus the square of the mean would cancel.
  const float squares = sum_of(x, width, [&](auto v, std::size_t count) HWY_ATTR {
    const auto centred = hn::IfThenElseZero(hn::FirstN(d, count), hn::Sub(v, mean));
    return hn::Mul(centred, centred);
  });
  const auto scale = hn::Set(d, 1.F / std::sqrt(squares / length + static_cast<float>(norm.epsilon)));
  const T* weight = reinterpret_cast<const T*>(norm.weight);
  const T* bias = reinterpret_cast<const T*>(norm.bias);
  map_row(x, out, width, [&](auto v, std::int64_t i, std::size_t count) HWY_ATTR {
    const auto normed = hn::Mul(hn::Mul(hn::Sub(v, mean), scale), load_count(weight + i, count));
    return bias == nullptr ? normed : hn::Add(normed, load_count(bias + i, count));
  });
}

template <class T>
void rms_norm_of(const NormRows& norm, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const T* residual = reinterpret_cast<const T*>(norm.residual);
    rms_norm_row(norm, reinterpret_cast<const T*>(norm.x) + row * norm.view.stride,
                 residual == nullptr ? nullptr : residual + row * norm.view.width,
                 reinterpret_cast<T*>(norm.out) + row * norm.view.width);
  }
}

template <class T>
void layer_norm_of(const NormRows& norm, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    layer_norm_row(norm, reinterpret_cast<const T*>(norm.x) + row * norm.view.stride,
                   reinterpret_cast<T*>(norm.out) + row * norm.view.width);
  }
}

void rms_norm_any(const NormRows& norm, std::int64_t begin, std::int64_t end) {
  if (norm.dtype == Dtype::float32) rms_norm_of<float>(norm, begin, end);
  if (norm.dtype == Dtype::bfloat16) rms_norm_of<BFloat16>(norm, begin, end);
  if (norm.dtype == Dtype::float16) rms_norm_of<Float16>(norm, begin, end);
}

void layer_norm_any(const NormRows& norm, std::int64_t begin, std::int64_t end) {
  if (norm.dtype == Dtype::float32) layer_norm_of<float>(norm, begin, end);
  if (norm.dtype == Dtype::bfloat16) layer_norm_of<BFloat16>(norm, begin, end);
  if (norm.dtype == Dtype::float16) layer_norm_of<Float16>(norm, begin, end);
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(rms_norm_any);
HWY_EXPORT(layer_norm_any);

void rms_norm_rows(const NormRows& norm, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(rms_norm_any)(norm, begin, end);
}

void layer_norm_rows(const NormRows& norm, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(layer_norm_any)(norm, begin, end);
}

}  // namespace bv2::engine
#endif
