// Files: whole reads, durable writes, memory mapping.
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  /// Closes now and says whether all was written.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

std::string cause() { return std::strerror(errno); }

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Makes a rename in that folder durable, where the file system can.
void flush_folder(const fs::path& folder) {
  const FileDescriptor file(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.open()) ::fsync(file.get());
}

FileDescriptor open_for_reading(const fs::path& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) fail("cannot open '{}': {}", path.string(), cause());
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    fail("'{}' is a folder, a file was expected", path.string());
  }
  return FileDescriptor(::dup(file.get()));
}

}  // namespace

std::string read_file(const fs::path& path) {
  const FileDescriptor file = open_for_reading(path);
  std::string content;
  constexpr std::size_t chunk_bytes = 1U << 16U;
  for (;;) {
    const std::size_t have = content.size();
    content.resize(have + chunk_bytes);
    const ssize_t count = ::read(file.get(), content.data() + have, chunk_bytes);
    if (count < 0 && errno == EINTR) {
      content.resize(have);
      continue;
    }
    if (count < 0) fail("cannot read '{}': {}", path.string(), cause());
    content.resize(have + static_cast<std::size_t>(count));
    if (count == 0) return content;
  }
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  write_file_atomically(path, std::span(&content, 1));
}

void write_file_atomically(const fs::path& path, std::span<const std::string_view> pieces) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error) fail("cannot create the folder '{}': {}", path.parent_path().string(), error.message());
  fs::path beside = path;
  beside += fmt::format(".{}.tmp", ::getpid());
  FileDescriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.open()) fail("cannot write '{}': {}", path.string(), cause());
  const bool written =
      std::ranges::all_of(pieces, [&](auto piece) { return write_all(file.get(), piece); }) &&
      ::fsync(file.get()) == 0 && file.close() && ::rename(beside.c_str(), path.c_str()) == 0;
  if (written) return flush_folder(path.parent_path());
  const std::string why = cause();
  ::unlink(beside.c_str());
  fail("cannot write '{}': {}", path.string(), why);
}

MappedFile::MappedFile(const fs::path& path) {
  const FileDescriptor file = open_for_reading(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail("cannot read '{}': {}", path.string(), cause());
  size_bytes_ = static_cast<std::size_t>(status.st_size);
  if (size_bytes_ == 0) return;
  void* mapped = ::mmap(nullptr, size_bytes_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped == MAP_FAILED) fail("cannot map '{}': {}", path.string(), cause());
  data_ = static_cast<const std::byte*>(mapped);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_bytes_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

bool MappedFile::populate(std::size_t offset, std::size_t length) const {
#ifdef MADV_POPULATE_READ
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = offset / page * page;
  const std::size_t end = std::min(offset + length, size_bytes_);
  if (begin >= end) return true;
  for (;;) {
    if (::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_POPULATE_READ) == 0) return true;
    if (errno == EINTR || errno == EAGAIN) continue;
    return errno == EINVAL || errno == ENOSYS;  // before Linux 5.14: pages come in as they are touched
  }
#else
  static_cast<void>(offset);
  static_cast<void>(length);
  return true;
#endif
}

void MappedFile::release(std::size_t offset, std::size_t length) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = (offset + page - 1) / page * page;
  const std::size_t end = std::min(offset + length, size_bytes_) / page * page;
  if (begin < end) ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace bv2
