// The values of one synthetic tensor, one element at a time: the specification of the vector code in
// synthetic_weights.cpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/scramble.h"
#include "engine/loading/weight_source.h"

namespace bv2::engine {

/// What the values of one tensor depend on besides the element's index.
struct SyntheticStream {
  // Wellons' lowbias32 constants: two multiplications that mix 32 bits well.
  static constexpr std::uint32_t multiplier_1 = 0x7feb352dU;
  static constexpr std::uint32_t multiplier_2 = 0x846ca68bU;
  // Of a sum of four uniform bytes: its mean, and the square root of 4 (256^2 - 1) / 12.
  static constexpr float sum_mean = 510;
  static constexpr float sum_deviation = 147.80054F;
  // Of norm scales and biases, about 0.018. Their `scale` is thus a power of two and their product exact, so
  // that it makes no difference whether a compiler fuses it with the addition of the mean.
  static constexpr float small_deviation = 0x1p-13F * sum_deviation;

  SyntheticStream(std::uint64_t stream_key, float stream_mean, float deviation)
      : key(stream_key),
        key_before(static_cast<std::uint32_t>(stream_key)),
        key_within(static_cast<std::uint32_t>(stream_key >> 32U)),
        mean(stream_mean),
        scale(deviation / sum_deviation) {}

  /// The stream for the 2^32 elements among which `index` is.
  [[nodiscard]] SyntheticStream part(std::uint64_t index) const {
    SyntheticStream result = *this;
    const std::uint64_t part_key = scrambled(key ^ (index >> 32U));
    result.key_before = static_cast<std::uint32_t>(part_key);
    result.key_within = static_cast<std::uint32_t>(part_key >> 32U);
    return result;
  }

  std::uint64_t key;
  std::uint32_t key_before;
  std::uint32_t key_within;
  float mean;
  float scale;
};

/// The stream of a tensor: keyed by seed and name, sized by its kind and its last dimension.
SyntheticStream synthetic_stream(std::uint64_t seed, std::string_view name, const Shape& shape,
                                 WeightKind kind);

/// Element `index` of a part of a stream: the index hashed to 32 bits, whose four bytes are summed.
inline float synthetic_value(const SyntheticStream& stream, std::uint32_t index) {
  std::uint32_t x = index + stream.key_before;
  x = (x ^ (x >> 16U)) * SyntheticStream::multiplier_1 + stream.key_within;
  x = (x ^ (x >> 15U)) * SyntheticStream::multiplier_2;
  x ^= x >> 16U;
  const std::uint32_t sum = (x & 0xffU) + ((x >> 8U) & 0xffU) + ((x >> 16U) & 0xffU) + (x >> 24U);
  const float scaled = (static_cast<float>(sum) - SyntheticStream::sum_mean) * stream.scale;
  return scaled + stream.mean;
}

}  // namespace bv2::engine
