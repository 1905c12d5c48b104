// The clock of all measurements: monotonic, integer nanoseconds.
#pragma once

#include <chrono>
#include <cstdint>

namespace bv2 {

/// Nanoseconds of one monotonic clock with an arbitrary origin; only differences mean anything.
inline std::int64_t monotonic_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace bv2
