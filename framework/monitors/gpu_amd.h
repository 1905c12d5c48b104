// What AMD's two management libraries have in common.
#pragma once

#include "framework/monitors/gpu_library.h"

namespace bv2 {

/// amdsmi_status_t and rsmi_status_t.
using AmdResult = int;
inline constexpr AmdResult amd_success = 0;
inline constexpr AmdResult amd_not_supported = 2;  ///< of either

/// Calls a function for a counter; false, and the reading says why, where it is missing or fails.
template <class Signature, class... Arguments>
bool ask_amd(GpuReading& reading, GpuCounter counter, const NamedFunction<Signature>& function,
             Arguments... arguments) {
  if (function.call == nullptr) {
    reading.fail(counter, fmt::format("the driver has no {}", function.name), true);
    return false;
  }
  const AmdResult result = function.call(arguments...);
  if (result == amd_success) return true;
  reading.fail(counter, fmt::format("{}: error {}", function.name, result), result == amd_not_supported);
  return false;
}

/// An unsigned number whose largest value says that the driver does not know.
template <class Unsigned>
void set_known(GpuReading& reading, GpuCounter counter, Unsigned value, double scale = 1) {
  if (value == static_cast<Unsigned>(-1)) {
    reading.fail(counter, "the driver does not know it", true);
  } else {
    reading.set(counter, static_cast<double>(value), scale);
  }
}

}  // namespace bv2
