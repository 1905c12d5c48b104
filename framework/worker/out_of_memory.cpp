// Whether the kernel killed for want of memory.
#include "framework/worker/out_of_memory.h"

#include <fstream>
#include <string>
#include <string_view>

namespace bv2 {
namespace {

/// The number of a line "NAME NUMBER".
std::optional<std::int64_t> counter(const std::filesystem::path& path, std::string_view name) {
  std::ifstream file(path);
  std::string key;
  std::int64_t value = 0;
  while (file >> key >> value) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace

OutOfMemoryKills read_out_of_memory_kills(const std::filesystem::path& root) {
  return {.machine = counter(root / "proc/vmstat", "oom_kill"),
          .control_group = counter(root / "sys/fs/cgroup/memory.events", "oom_kill")};
}

bool killed_between(const OutOfMemoryKills& before, const OutOfMemoryKills& after) {
  return after.machine.value_or(0) > before.machine.value_or(0) ||
         after.control_group.value_or(0) > before.control_group.value_or(0);
}

}  // namespace bv2
