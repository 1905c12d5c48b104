// The hash of a file that is still growing.
#include "framework/hub/trailing_digest.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace bv2::hub {
namespace {

constexpr std::size_t buffer_bytes = 1U << 20U;

}  // namespace

TrailingDigest::TrailingDigest(int fd, DigestKind kind, std::uint64_t size_bytes)
    : fd_(fd), size_bytes_(size_bytes), digest_(kind, size_bytes) {}

TrailingDigest::~TrailingDigest() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void TrailingDigest::written_to(std::uint64_t offset) {
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    // A buffer's worth at a time: waking the thread for each packet costs more than the hash.
    wake = offset / buffer_bytes != written_ / buffer_bytes;
    written_ = offset;
  }
  if (!wake) return;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
}

std::string TrailingDigest::finish() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  hash_up_to(size_bytes_);
  return digest_.hex();
}

void TrailingDigest::run() {
  try {
    for (;;) {
      std::uint64_t end = 0;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ended_ || written_ / buffer_bytes > hashed_ / buffer_bytes; });
        if (ended_) return;
        end = written_ / buffer_bytes * buffer_bytes;
      }
      hash_up_to(end);
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void TrailingDigest::hash_up_to(std::uint64_t end) {
  buffer_.resize(buffer_bytes);
  while (hashed_ < end) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer_.size(), end - hashed_);
    const ssize_t count = ::pread(fd_, buffer_.data(), wanted, static_cast<off_t>(hashed_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      fail("cannot read back what was downloaded: {}", count < 0 ? std::strerror(errno) : "it ends early");
    digest_.update({buffer_.data(), static_cast<std::size_t>(count)});
    hashed_ += static_cast<std::uint64_t>(count);
  }
}

}  // namespace bv2::hub
