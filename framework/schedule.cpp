// The order in which scenarios take their turns.
#include "framework/schedule.h"

#include <array>

#include "base/scramble.h"

namespace bv2 {

std::span<const std::string_view> enum_names(Schedule) {
  static constexpr std::array<std::string_view, 2> names{"interleaved", "sequential"};
  return names;
}

std::uint64_t place_in_round(std::uint64_t seed, std::int64_t round, std::int64_t scenario) {
  const std::uint64_t key = scrambled(scrambled(seed) + static_cast<std::uint64_t>(round));
  return scrambled(key ^ scrambled(static_cast<std::uint64_t>(scenario)));
}

}  // namespace bv2
