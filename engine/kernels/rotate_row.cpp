// The rotation of one head's vector. Compiled once for each target.
#include "engine/kernels/rotate_row.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/rotate_row.cpp"
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format off
#include "engine/simd/float_vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

template <class T>
HWY_INLINE hn::Vec<FloatTag> load_count(const T* at, std::size_t count) {
  const FloatTag d;
  return count == hn::Lanes(d) ? load_floats(d, at) : load_some_floats(d, at, count);
}

template <class T>
HWY_INLINE void store_count(hn::Vec<FloatTag> v, T* at, std::size_t count) {
  const FloatTag d;
  if (count == hn::Lanes(d))
    store_floats(d, v, at);
  else
    store_some_floats(d, v, at, count);
}

template <class T>
void rotate_of(const RotateRow& row) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(FloatTag()));
  const T* x = reinterpret_cast<const T*>(row.x);
  const T* cos = reinterpret_cast<const T*>(row.cos);
  const T* sin = reinterpret_cast<const T*>(row.sin);
  T* out = reinterpret_cast<T*>(row.out);
  const std::int64_t half = row.rotary_dim / 2;
  for (std::int64_t i = 0; i < half; i += lanes) {
    const auto count = static_cast<std::size_t>(std::min(lanes, half - i));
    const auto first = load_count(x + i, count);
    const auto second = load_count(x + half + i, count);
    const auto turned_first = hn::Mul(second, load_count(sin + i, count));
    const auto turned_second = hn::Mul(first, load_count(sin + half + i, count));
    store_count(hn::MulSub(first, load_count(cos + i, count), turned_first), out + i, count);
    store_count(hn::MulAdd(second, load_count(cos + half + i, count), turned_second), out + half + i, count);
  }
  std::copy(x + row.rotary_dim, x + row.head_dim, out + row.rotary_dim);
}

void rotate_any(const RotateRow& row) {
  if (row.dtype == Dtype::float32) rotate_of<float>(row);
  if (row.dtype == Dtype::bfloat16) rotate_of<BFloat16>(row);
  if (row.dtype == Dtype::float16) rotate_of<Float16>(row);
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(rotate_any);

void rotate_row(const RotateRow& row) { HWY_DYNAMIC_DISPATCH(rotate_any)(row); }

}  // namespace bv2::engine
#endif
