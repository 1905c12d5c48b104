// Why a GPU runs slower than it could, in words that hold for all vendors.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bv2 {

/// In the order of the bits of gpu_throttle_reasons.
enum class GpuThrottle { idle, set_clocks, power_limit, current_limit, thermal, hardware, voltage, other };
inline constexpr std::array<std::string_view, 8> gpu_throttle_names{
    "idle", "set_clocks", "power_limit", "current_limit", "thermal", "hardware", "voltage", "other"};

constexpr std::int64_t throttle_bit(GpuThrottle reason) {
  return std::int64_t{1} << static_cast<unsigned>(reason);
}

}  // namespace bv2
