// Vectors of float32 from and to elements of the three floating-point dtypes, bit for bit as base/float16.h
// does it one by one. Included once per instruction set by files that use foreach_target.h.
#if defined(BV2_ENGINE_LOADING_ELEMENT_BITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BV2_ENGINE_LOADING_ELEMENT_BITS_INL_H_
#undef BV2_ENGINE_LOADING_ELEMENT_BITS_INL_H_
#else
#define BV2_ENGINE_LOADING_ELEMENT_BITS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

#include "base/float16.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using U32 = hn::ScalableTag<std::uint32_t>;
using Bits = hn::Vec<U32>;  // of float32

// Loads and stores go through bytes: an element in a file may stand at any address.
template <class T>
HWY_INLINE auto load_raw(const std::byte* from) {
  const hn::Rebind<T, U32> d;
#if HWY_TARGET == HWY_SCALAR  // one lane, which bytes cannot fill
  T value;
  std::memcpy(&value, from, sizeof value);
  return hn::Set(d, value);
#else
  const hn::Repartition<std::uint8_t, decltype(d)> bytes;
  return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(from)));
#endif
}

template <class T, class V>
HWY_INLINE void store_raw(V values, std::byte* to) {
#if HWY_TARGET == HWY_SCALAR
  const T value = hn::GetLane(values);
  std::memcpy(to, &value, sizeof value);
#else
  const hn::Rebind<T, U32> d;
  const hn::Repartition<std::uint8_t, decltype(d)> bytes;
  hn::StoreU(hn::BitCast(bytes, values), bytes, reinterpret_cast<std::uint8_t*>(to));
#endif
}

/// Narrows lanes that are below 2^16.
HWY_INLINE auto narrow(Bits values) {
  const hn::Rebind<std::uint16_t, U32> narrow_lanes;
  return hn::DemoteTo(narrow_lanes, hn::BitCast(hn::RebindToSigned<U32>(), values));
}

HWY_INLINE hn::Mask<U32> less(Bits a, Bits b) {
  // Compared as signed: every operand here is below 2^31, and unsigned comparison costs more on x86.
  const hn::RebindToSigned<U32> signed_lanes;
  return hn::RebindMask(U32(), hn::Lt(hn::BitCast(signed_lanes, a), hn::BitCast(signed_lanes, b)));
}

template <class Element>
struct ElementBits;

template <>
struct ElementBits<float> {
  static HWY_INLINE Bits load(const std::byte* from) { return load_raw<std::uint32_t>(from); }
  static HWY_INLINE void store(Bits value, std::byte* to) { store_raw<std::uint32_t>(value, to); }
};

template <>
struct ElementBits<BFloat16> {
  static HWY_INLINE Bits load(const std::byte* from) {
    return hn::ShiftLeft<16>(hn::PromoteTo(U32(), load_raw<std::uint16_t>(from)));
  }
  static HWY_INLINE void store(Bits value, std::byte* to) {
    const U32 d;
    const Bits high = hn::ShiftRight<16>(value);
    const Bits odd = hn::And(high, hn::Set(d, 1));
    const Bits rounded = hn::ShiftRight<16>(hn::Add(hn::Add(value, hn::Set(d, 0x7fff)), odd));
    const Bits magnitude = hn::And(value, hn::Set(d, 0x7fffffff));
    const Bits quiet = hn::Or(high, hn::Set(d, 0x40));
    const auto is_nan = less(hn::Set(d, 0x7f800000), magnitude);
    store_raw<std::uint16_t>(narrow(hn::IfThenElse(is_nan, quiet, rounded)), to);
  }
};

template <>
struct ElementBits<Float16> {
  static HWY_INLINE Bits load(const std::byte* from) {
    const U32 d;
    const hn::RebindToFloat<U32> floats;
    const Bits half = hn::PromoteTo(d, load_raw<std::uint16_t>(from));
    const Bits sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(d, 0x8000)));
    const Bits magnitude = hn::And(half, hn::Set(d, 0x7fff));
    const Bits mantissa = hn::ShiftLeft<13>(magnitude);
    const Bits normal = hn::Add(mantissa, hn::Set(d, 0x38000000));
    // With the exponent bits all ones already, adding the bias a second time fills float32's exponent.
    const Bits infinite_or_nan = hn::Add(normal, hn::Set(d, 0x38000000));
    const auto as_number = hn::ConvertTo(floats, hn::BitCast(hn::RebindToSigned<U32>(), magnitude));
    const Bits subnormal = hn::BitCast(d, hn::Mul(as_number, hn::Set(floats, 0x1p-24F)));
    const Bits finite = hn::IfThenElse(less(magnitude, hn::Set(d, 0x400)), subnormal, normal);
    return hn::Or(sign, hn::IfThenElse(less(magnitude, hn::Set(d, 0x7c00)), finite, infinite_or_nan));
  }
  static HWY_INLINE void store(Bits value, std::byte* to) {
    const U32 d;
    const hn::RebindToFloat<U32> floats;
    const Bits sign = hn::And(hn::ShiftRight<16>(value), hn::Set(d, 0x8000));
    const Bits magnitude = hn::And(value, hn::Set(d, 0x7fffffff));
    const Bits rebiased = hn::Sub(magnitude, hn::Set(d, 0x38000000));
    const Bits odd = hn::And(hn::ShiftRight<13>(rebiased), hn::Set(d, 1));
    const Bits normal = hn::ShiftRight<13>(hn::Add(hn::Add(rebiased, hn::Set(d, 0xfff)), odd));
    // Adding 0.5 lines the mantissa up so that the addition itself rounds to even.
    const auto aligned = hn::Add(hn::BitCast(floats, magnitude), hn::Set(floats, 0.5F));
    const Bits subnormal = hn::Sub(hn::BitCast(d, aligned), hn::Set(d, 0x3f000000));
    const Bits infinite_or_nan =
        hn::IfThenElse(less(hn::Set(d, 0x7f800000), magnitude), hn::Set(d, 0x7e00), hn::Set(d, 0x7c00));
    const Bits finite = hn::IfThenElse(less(magnitude, hn::Set(d, 0x38800000)), subnormal, normal);
    const auto fits = less(magnitude, hn::Set(d, 0x477ff000));  // what is above rounds to 65536
    store_raw<std::uint16_t>(narrow(hn::Or(sign, hn::IfThenElse(fits, finite, infinite_or_nan))), to);
  }
};

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
