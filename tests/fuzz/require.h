// How a fuzz target says that something does not hold.
#pragma once

#include <cstdlib>

namespace bv2::test {

/// Ends the process where libFuzzer and a test both see it, in every build.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace bv2::test
