// The lock of one key of the cache.
#include "engine/compiled/cache_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace bv2::engine::compiled {
namespace {

namespace fs = std::filesystem;

int open_lock(const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    fail("cannot write to the cache '{}': {}; set BV2_CACHE_DIR to a folder that can be written",
         file.parent_path().parent_path().string(), std::strerror(errno));
  }
  return fd;
}

/// Whether the file at that path still is the one that was opened: who held it before may have removed it.
bool is_at(int fd, const fs::path& file) {
  struct stat opened {};
  struct stat now {};
  return ::fstat(fd, &opened) == 0 && ::stat(file.c_str(), &now) == 0 && opened.st_ino == now.st_ino &&
         opened.st_dev == now.st_dev;
}

/// The descriptor, locked; -1 when somebody else has the lock and `operation` does not wait.
int locked(const fs::path& file, int operation) {
  for (;;) {
    const int fd = open_lock(file);
    int failure = 0;
    while ((failure = ::flock(fd, operation)) != 0 && errno == EINTR) {
    }
    const int cause = errno;
    if (failure == 0 && is_at(fd, file)) return fd;
    ::close(fd);
    if (failure != 0 && cause == EWOULDBLOCK) return -1;
    if (failure != 0) fail("cannot lock '{}': {}", file.string(), std::strerror(cause));
  }
}

}  // namespace

CacheLock CacheLock::wait(const fs::path& file) { return CacheLock(locked(file, LOCK_EX)); }

std::optional<CacheLock> CacheLock::try_now(const fs::path& file) {
  const int fd = locked(file, LOCK_EX | LOCK_NB);
  if (fd < 0) return std::nullopt;
  return CacheLock(fd);
}

CacheLock::~CacheLock() {
  if (fd_ >= 0) ::close(fd_);
}

CacheLock::CacheLock(CacheLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

}  // namespace bv2::engine::compiled
