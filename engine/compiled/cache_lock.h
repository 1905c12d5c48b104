// The lock of one key of the cache, held against other threads and processes.
#pragma once

#include <filesystem>
#include <optional>

namespace bv2::engine::compiled {

/// Holds an exclusive lock on a file (flock) while it lives. The file may be removed by its holder only.
class CacheLock {
 public:
  /// Waits for it. Creates the file and missing folders; throws Error naming the path where it cannot.
  static CacheLock wait(const std::filesystem::path& file);
  /// Nothing when somebody else holds it.
  static std::optional<CacheLock> try_now(const std::filesystem::path& file);

  ~CacheLock();
  CacheLock(CacheLock&& other) noexcept;
  CacheLock& operator=(CacheLock&& other) = delete;

 private:
  explicit CacheLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace bv2::engine::compiled
