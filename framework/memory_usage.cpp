// The memory of this process as the kernel counts it.
#include "framework/memory_usage.h"

#include <fstream>
#include <string>
#include <string_view>

namespace bv2 {
namespace {

/// A line "NAME:   1234 kB" of a status file.
std::optional<std::int64_t> status_bytes(const std::filesystem::path& process, std::string_view name) {
  std::ifstream status(process / "status");
  std::string line;
  while (std::getline(status, line)) {
    if (!line.starts_with(name)) continue;
    try {
      return std::stoll(line.substr(name.size())) * 1024;
    } catch (const std::logic_error&) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

bool PeakMemory::reset() const {
  std::ofstream clear(process_ / "clear_refs");
  clear << "5" << std::flush;  // proc(5): resets the peak resident set size
  return clear.good();
}

std::optional<std::int64_t> PeakMemory::peak_bytes() const { return status_bytes(process_, "VmHWM:"); }

std::optional<std::int64_t> PeakMemory::resident_bytes() const { return status_bytes(process_, "VmRSS:"); }

}  // namespace bv2
