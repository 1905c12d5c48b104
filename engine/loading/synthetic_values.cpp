// The values of one synthetic tensor: their key, mean and deviation.
#include "engine/loading/synthetic_values.h"

#include <algorithm>
#include <cmath>

namespace bv2::engine {
namespace {

/// FNV-1a (Fowler, Noll, Vo), then mixed.
std::uint64_t hash_of(std::string_view name, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return scrambled(hash ^ scrambled(seed));
}

}  // namespace

SyntheticStream synthetic_stream(std::uint64_t seed, std::string_view name, const Shape& shape,
                                 WeightKind kind) {
  float mean = 0;
  float deviation = SyntheticStream::small_deviation;
  if (kind == WeightKind::norm_scale) mean = 1;
  if (kind == WeightKind::matrix || kind == WeightKind::embedding) {
    const auto fan_in = static_cast<float>(shape.rank() == 0 ? 1 : std::max<std::int64_t>(1, shape.back()));
    deviation = 1 / std::sqrt(fan_in);
  }
  return SyntheticStream(hash_of(name, seed), mean, deviation);
}

}  // namespace bv2::engine
