// The names that one tensor goes by in different checkpoints.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bv2::engine {

/// `name` first, then the other names that it may have (the rule is stated at Checkpoint), best first.
std::vector<std::string> possible_names(std::string_view name);

/// The one of `names` that takes the fewest edits to become `name` (Levenshtein 1966); empty when there are
/// none.
std::string most_similar(std::string_view name, std::span<const std::string> names);

}  // namespace bv2::engine
