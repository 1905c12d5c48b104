// The memory of this process as the kernel counts it: exact high-water marks instead of samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace bv2 {

/// What a phase used, in bytes; missing where the kernel does not tell.
struct MemoryUsage {
  std::optional<std::int64_t> peak;         ///< largest resident set (VmHWM) since the last reset
  std::optional<std::int64_t> anonymous;    ///< resident at its end (RssAnon): heaps, stacks, private copies
  std::optional<std::int64_t> file_backed;  ///< resident at its end (RssFile): mapped files, such as weights
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("peak", self.peak);
    visit("anonymous", self.anonymous);
    visit("file_backed", self.file_backed);
  }
};

/// The memory of a process by phase: reset, run the phase, read. `process` is /proc/self, or a copy of it for
/// tests.
class PeakMemory {
 public:
  explicit PeakMemory(std::filesystem::path process = "/proc/self") : process_(std::move(process)) {}

  /// Starts a new mark at the present size. False where the kernel does not allow it; the mark then spans the
  /// phases before, too.
  bool reset() const;
  [[nodiscard]] MemoryUsage read() const;

 private:
  std::filesystem::path process_;
};

}  // namespace bv2
