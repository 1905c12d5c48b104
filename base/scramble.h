// Numbers that look random, the same everywhere, unlike those of the standard library's distributions.
#pragma once

#include <cstdint>

namespace bv2 {

/// The output function of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
/// 2014): different for different values, each of its bits depending on all of theirs.
constexpr std::uint64_t scrambled(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace bv2
