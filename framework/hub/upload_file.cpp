// What is uploaded: names in the repository with content.
#include "framework/hub/upload_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/digest.h"
#include "base/error.h"

namespace bv2::hub {

FileBody::FileBody(const std::filesystem::path& path) : path_(path) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd_ < 0 || ::fstat(fd_, &status) != 0) {
    const int cause = errno;
    if (fd_ >= 0) ::close(fd_);
    fail("cannot read '{}': {}", path.string(), std::strerror(cause));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

FileBody::~FileBody() { ::close(fd_); }

std::size_t FileBody::read(std::uint64_t offset, std::span<char> buffer) const {
  const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), size_ - std::min(offset, size_));
  for (;;) {
    const ssize_t count = ::pread(fd_, buffer.data(), wanted, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot read '{}': {}", path_.string(), std::strerror(errno));
    if (count == 0 && wanted > 0) fail("'{}' became shorter while it was uploaded", path_.string());
    return static_cast<std::size_t>(count);
  }
}

std::size_t BodyPart::read(std::uint64_t offset, std::span<char> buffer) const {
  const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), size_ - std::min(offset, size_));
  return whole_.read(offset_ + offset, buffer.first(wanted));
}

std::string first_bytes(const RequestBody& body, std::uint64_t count) {
  std::string bytes(std::min(count, body.size_bytes()), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) have += body.read(have, std::span(bytes).subspan(have));
  return bytes;
}

std::string all_bytes(const RequestBody& body) { return first_bytes(body, body.size_bytes()); }

std::string sha256_of(const RequestBody& body) {
  Digest digest(DigestKind::sha256, body.size_bytes());
  std::string buffer(1U << 20U, '\0');
  for (std::uint64_t at = 0; at < body.size_bytes();) {
    const std::size_t count = body.read(at, buffer);
    digest.update({buffer.data(), count});
    at += count;
  }
  return digest.hex();
}

}  // namespace bv2::hub
