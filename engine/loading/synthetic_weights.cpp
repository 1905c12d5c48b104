// Weights that mean nothing but keep a model's numbers in range: a seeded generator.
#include "engine/loading/synthetic_weights.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/loading/synthetic_weights.cpp"
#include "engine/simd/targets.h"
// before foreach_target.h
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/loading/element_bits-inl.h"
#include "engine/loading/synthetic_values.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

/// synthetic_value() of `lanes` elements from `first` on.
HWY_INLINE Bits synthetic_values(const SyntheticStream& stream, std::uint32_t first) {
  const U32 d;
  const hn::RebindToFloat<U32> floats;
  const hn::RebindToSigned<U32> signed_lanes;
  Bits x = hn::Add(hn::Iota(d, first), hn::Set(d, stream.key_before));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(d, SyntheticStream::multiplier_1));
  x = hn::Add(x, hn::Set(d, stream.key_within));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<15>(x)), hn::Set(d, SyntheticStream::multiplier_2));
  x = hn::Xor(x, hn::ShiftRight<16>(x));
  const Bits even_bytes = hn::Set(d, 0x00ff00ff);
  const Bits pairs = hn::Add(hn::And(x, even_bytes), hn::And(hn::ShiftRight<8>(x), even_bytes));
  const Bits sum = hn::And(hn::Add(pairs, hn::ShiftRight<16>(pairs)), hn::Set(d, 0xffff));
  const auto number = hn::ConvertTo(floats, hn::BitCast(signed_lanes, sum));
  const auto centred = hn::Sub(number, hn::Set(floats, SyntheticStream::sum_mean));
  const auto scaled = hn::Mul(centred, hn::Set(floats, stream.scale));
  return hn::BitCast(d, hn::Add(scaled, hn::Set(floats, stream.mean)));
}

/// Fills elements [first, first + count), of which none crosses a multiple of 2^32.
template <class T>
void fill(const SyntheticStream& stream, std::uint64_t first, std::size_t count, std::byte* target) {
  const std::size_t lanes = hn::Lanes(U32());
  const SyntheticStream part = stream.part(first);
  const auto low = static_cast<std::uint32_t>(first);
  std::size_t index = 0;
  for (; index + lanes <= count; index += lanes) {
    ElementBits<T>::store(synthetic_values(part, low + static_cast<std::uint32_t>(index)),
                          target + index * sizeof(T));
  }
  for (; index < count; ++index) {
    const T value = static_cast<T>(synthetic_value(part, low + static_cast<std::uint32_t>(index)));
    std::memcpy(target + index * sizeof(T), &value, sizeof value);
  }
}

void fill_elements(Dtype dtype, const SyntheticStream& stream, std::uint64_t first, std::size_t count,
                   std::byte* target) {
  switch (dtype) {
    case Dtype::float32:
      return fill<float>(stream, first, count, target);
    case Dtype::bfloat16:
      return fill<BFloat16>(stream, first, count, target);
    default:
      return fill<Float16>(stream, first, count, target);
  }
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "engine/parallel.h"

namespace bv2::engine {
namespace {

HWY_EXPORT(fill_elements);

// A power of two, so that no chunk crosses a multiple of 2^32; 512 KiB of bfloat16.
constexpr std::int64_t chunk_elements = std::int64_t{1} << 18U;

}  // namespace

Tensor SyntheticWeights::take(std::string_view name, const Shape& shape, Dtype dtype, WeightKind kind) {
  if (dtype != Dtype::float32 && dtype != Dtype::bfloat16 && dtype != Dtype::float16) {
    fail("synthetic weights can be float32, bfloat16 or float16, not {} (tensor '{}')", bv2::name(dtype),
         name);
  }
  Tensor tensor(dtype, shape);
  const SyntheticStream stream = synthetic_stream(seed_, name, shape, kind);
  const std::int64_t count = tensor.numel();
  const std::int64_t chunks = (count + chunk_elements - 1) / chunk_elements;
  in_parallel(chunks, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      const std::int64_t first = chunk * chunk_elements;
      HWY_DYNAMIC_DISPATCH(fill_elements)
      (dtype, stream, static_cast<std::uint64_t>(first),
       static_cast<std::size_t>(std::min(chunk_elements, count - first)),
       tensor.raw() + static_cast<std::size_t>(first) * size_bytes(dtype));
    }
  });
  return tensor;
}

}  // namespace bv2::engine
#endif
