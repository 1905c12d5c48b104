// The order in which scenarios take their turns.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bv2 {

/// Interleaved: rounds over all scenarios that fit into memory together, one iteration each. Sequential: one
/// scenario after another.
enum class Schedule { interleaved, sequential };
std::span<const std::string_view> enum_names(Schedule schedule);

/// Where a scenario stands in the order of a round: lower is earlier. Random, and the same for the same seed,
/// round and scenario. Which of two comes first does not depend on who else takes part, so a round that was
/// interrupted goes on as it would have.
std::uint64_t place_in_round(std::uint64_t seed, std::int64_t round, std::int64_t scenario);

}  // namespace bv2
