// A lock between processes.
#include "framework/hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/error.h"

namespace bv2::hub {
namespace {

constexpr std::chrono::milliseconds poll_interval{50};

/// Others may delete a lock file when they are done: a lock on a file that has no name keeps nobody out.
bool still_named(int fd, const std::filesystem::path& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path, const std::function<void()>& waiting) {
  for (;;) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) fail("cannot make the lock file '{}': {}", path.string(), std::strerror(errno));
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const int cause = errno;
      try {
        if (cause == EWOULDBLOCK) waiting();
        if (cause != EWOULDBLOCK && cause != EINTR) {
          fail("cannot lock '{}': {} (put the cache on a disk of this machine with HF_HUB_CACHE)",
               path.string(), std::strerror(cause));
        }
      } catch (...) {
        ::close(fd);
        throw;
      }
      std::this_thread::sleep_for(poll_interval);
    }
    if (still_named(fd, path)) {
      fd_ = fd;
      return;
    }
    ::close(fd);
  }
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace bv2::hub
