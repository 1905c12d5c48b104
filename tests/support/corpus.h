// The inputs that fuzzing has kept.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

namespace bv2::test {

/// Gives every file of tests/data/fuzz/NAME to `target` and says how many there were.
std::size_t replay_corpus(std::string_view name,
                          const std::function<void(std::span<const std::byte>)>& target);

}  // namespace bv2::test
