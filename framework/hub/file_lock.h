// A lock between processes.
#pragma once

#include <filesystem>
#include <functional>

namespace bv2::hub {

/// Holds `flock` on a file while it lives, as the lock files of the Hub's Python tools do, so both keep out
/// of each other's way. The file stays. Not for use by two threads at once.
class FileLock {
 public:
  /// Waits for the lock. `waiting` is called when another holds it, then again about 20 times a second; it
  /// may throw to give up. Throws Error naming the file where it cannot be made or locked.
  FileLock(const std::filesystem::path& path, const std::function<void()>& waiting);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace bv2::hub
