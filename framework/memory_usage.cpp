// The memory of this process as the kernel counts it.
#include "framework/memory_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include "framework/monitors/system_file.h"

namespace bv2 {
namespace {

/// A line "NAME:   1234 kB" of a status file.
std::optional<std::int64_t> status_bytes(std::string_view status, std::string_view name) {
  const auto kib = integer_after(status, name);
  if (!kib) return std::nullopt;
  return *kib * 1024;
}

}  // namespace

bool PeakMemory::reset() const {
  const int file = ::open((process_ / "clear_refs").c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = ::write(file, "5", 1) == 1;  // proc(5): resets the peak resident set size
  ::close(file);
  return written;
}

MemoryUsage PeakMemory::read() const {
  SystemFile file(process_ / "status");
  const std::string_view status = file.read();
  return {.peak = status_bytes(status, "VmHWM:"),
          .anonymous = status_bytes(status, "RssAnon:"),
          .file_backed = status_bytes(status, "RssFile:")};
}

}  // namespace bv2
