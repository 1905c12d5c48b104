// How much memory is left for another worker.
#include "framework/free_memory.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// The number behind NAME in a file of "NAME NUMBER ..." lines; NAME may end with a colon.
std::optional<std::int64_t> number_of(const fs::path& path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    try {
      return std::stoll(line.substr(name.size()));
    } catch (const std::logic_error&) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// Of the control group that this process sees as its root (v2). What it keeps of files can be taken back.
std::optional<std::int64_t> left_in_group(const fs::path& group) {
  const auto limit = number_of(group / "memory.max", "");  // "max": no limit
  const auto used = number_of(group / "memory.current", "");
  if (!limit || !used) return std::nullopt;
  const std::int64_t files = number_of(group / "memory.stat", "inactive_file ").value_or(0);
  return std::max<std::int64_t>(*limit - *used + files, 0);
}

}  // namespace

std::optional<std::int64_t> available_memory_bytes(const fs::path& root) {
  auto available = number_of(root / "proc/meminfo", "MemAvailable:");
  if (available) *available *= 1024;
  const auto in_group = left_in_group(root / "sys/fs/cgroup");
  if (!available || !in_group) return available ? available : in_group;
  return std::min(*available, *in_group);
}

}  // namespace bv2
