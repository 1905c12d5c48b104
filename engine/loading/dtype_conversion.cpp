// Conversion of many elements between the floating-point dtypes.
#include "engine/loading/dtype_conversion.h"

#include <array>
#include <cstring>

#include "base/error.h"
#include "engine/tensor/tensor.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/loading/dtype_conversion.cpp"
#include "engine/simd/targets.h"
// before foreach_target.h
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/loading/element_bits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

/// Converts as many elements as fill whole vectors and says how many those were.
template <class From, class To>
std::size_t convert_vectors(const std::byte* source, std::byte* target, std::size_t count) {
  const std::size_t lanes = hn::Lanes(U32());
  std::size_t index = 0;
  for (; index + lanes <= count; index += lanes) {
    ElementBits<To>::store(ElementBits<From>::load(source + index * sizeof(From)),
                           target + index * sizeof(To));
  }
  return index;
}

struct VectorConversion {
  Dtype from;
  Dtype to;
  std::size_t (*convert)(const std::byte*, std::byte*, std::size_t);
};

/// 0 for pairs that have no vector code: models are not stored in them.
std::size_t convert_whole_vectors(Dtype from, const std::byte* source, Dtype to, std::byte* target,
                                  std::size_t count) {
  static constexpr std::array table{
      VectorConversion{Dtype::float32, Dtype::bfloat16, convert_vectors<float, BFloat16>},
      VectorConversion{Dtype::float32, Dtype::float16, convert_vectors<float, Float16>},
      VectorConversion{Dtype::bfloat16, Dtype::float32, convert_vectors<BFloat16, float>},
      VectorConversion{Dtype::bfloat16, Dtype::float16, convert_vectors<BFloat16, Float16>},
      VectorConversion{Dtype::float16, Dtype::float32, convert_vectors<Float16, float>},
      VectorConversion{Dtype::float16, Dtype::bfloat16, convert_vectors<Float16, BFloat16>},
  };
  for (const VectorConversion& known : table) {
    if (known.from == from && known.to == to) return known.convert(source, target, count);
  }
  return 0;
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {
namespace {

HWY_EXPORT(convert_whole_vectors);

template <class T>
T element_at(const std::byte* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

/// One by one: what is left of a vector, and float64.
template <class From, class To>
void convert_each(const std::byte* source, std::byte* target, std::size_t count) {
  for (std::size_t index = 0; index < count; ++index) {
    const To value = static_cast<To>(static_cast<float>(element_at<From>(source + index * sizeof(From))));
    std::memcpy(target + index * sizeof(To), &value, sizeof value);
  }
}

struct Conversion {
  Dtype from;
  Dtype to;
  void (*each)(const std::byte*, std::byte*, std::size_t);
};

template <Dtype from, Dtype to>
constexpr Conversion conversion() {
  return {from, to, convert_each<typename ElementOf<from>::type, typename ElementOf<to>::type>};
}

constexpr std::array conversions{
    conversion<Dtype::float32, Dtype::bfloat16>(), conversion<Dtype::float32, Dtype::float16>(),
    conversion<Dtype::bfloat16, Dtype::float32>(), conversion<Dtype::bfloat16, Dtype::float16>(),
    conversion<Dtype::float16, Dtype::float32>(),  conversion<Dtype::float16, Dtype::bfloat16>(),
    conversion<Dtype::float64, Dtype::float32>(),  conversion<Dtype::float64, Dtype::bfloat16>(),
    conversion<Dtype::float64, Dtype::float16>(),  conversion<Dtype::float32, Dtype::float64>(),
    conversion<Dtype::bfloat16, Dtype::float64>(), conversion<Dtype::float16, Dtype::float64>(),
};

}  // namespace

bool is_floating(Dtype dtype) { return info(dtype).epsilon > 0; }

void convert_elements(Dtype from, const std::byte* source, Dtype to, std::byte* target, std::size_t count) {
  if (from == to) {
    if (count > 0) std::memcpy(target, source, count * size_bytes(from));
    return;
  }
  for (const Conversion& known : conversions) {
    if (known.from != from || known.to != to) continue;
    const std::size_t done = HWY_DYNAMIC_DISPATCH(convert_whole_vectors)(from, source, to, target, count);
    known.each(source + done * size_bytes(from), target + done * size_bytes(to), count - done);
    return;
  }
  fail("{} cannot be converted to {}", name(from), name(to));
}

}  // namespace bv2::engine
#endif
