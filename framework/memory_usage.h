// The memory of this process as the kernel counts it: exact high-water marks instead of samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace bv2 {

/// The largest resident set (VmHWM) of a process by phase: reset, run the phase, read. `process` is
/// /proc/self, or a copy of it for tests.
class PeakMemory {
 public:
  explicit PeakMemory(std::filesystem::path process = "/proc/self") : process_(std::move(process)) {}

  /// Starts a new mark at the present size. False where the kernel does not allow it; the mark then spans the
  /// phases before, too.
  bool reset() const;
  /// Bytes; missing where the kernel does not tell.
  [[nodiscard]] std::optional<std::int64_t> peak_bytes() const;
  /// The resident set now, in bytes.
  [[nodiscard]] std::optional<std::int64_t> resident_bytes() const;

 private:
  std::filesystem::path process_;
};

}  // namespace bv2
