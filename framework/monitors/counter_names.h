// Names of counters that results are computed from.
#pragma once

#include <array>
#include <string_view>

namespace bv2 {

inline constexpr std::string_view peak_memory_counter = "peak_resident_bytes";
inline constexpr std::string_view anonymous_memory_counter = "anonymous_resident_bytes";
inline constexpr std::string_view file_memory_counter = "file_resident_bytes";

inline constexpr std::string_view package_energy_counter = "package_energy_uj";
inline constexpr std::string_view memory_energy_counter = "dram_energy_uj";

/// Whether a sampled counter is a total, which only grows; all others are states.
constexpr bool only_grows(std::string_view sampled_counter) {
  return sampled_counter.ends_with("_energy_uj");
}

/// Of the processor, in this order.
inline constexpr std::array<std::string_view, 6> hardware_event_counters{
    "cycles", "instructions", "cache_references", "cache_misses", "data_tlb_misses", "branch_misses"};
inline constexpr std::string_view counters_running_counter = "counters_running_percent";

/// Of each device.
inline constexpr std::string_view gpu_utilization_counter = "gpu_utilization_percent";
inline constexpr std::string_view gpu_memory_counter = "gpu_memory_used_bytes";
inline constexpr std::string_view gpu_power_counter = "gpu_power_mw";
inline constexpr std::string_view gpu_energy_counter = "gpu_energy_uj";
inline constexpr std::string_view gpu_clock_counter = "gpu_clock_mhz";
inline constexpr std::string_view gpu_memory_clock_counter = "gpu_memory_clock_mhz";
inline constexpr std::string_view gpu_temperature_counter = "gpu_temperature_celsius";
inline constexpr std::string_view gpu_throttle_counter = "gpu_throttle_reasons";

}  // namespace bv2
