// Whether the kernel killed for want of memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace bv2 {

/// How often the kernel has killed a process because memory ran out, as it counts them. `root` is where /proc
/// and /sys are.
struct OutOfMemoryKills {
  std::optional<std::int64_t> machine;        ///< oom_kill of /proc/vmstat
  std::optional<std::int64_t> control_group;  ///< oom_kill of memory.events
};
OutOfMemoryKills read_out_of_memory_kills(const std::filesystem::path& root = "/");

/// Whether there were any between the two.
bool killed_between(const OutOfMemoryKills& before, const OutOfMemoryKills& after);

}  // namespace bv2
