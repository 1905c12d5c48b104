// A small file of /proc or /sys that is read again and again.
#include "framework/monitors/system_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <utility>

namespace bv2 {

SystemFile::SystemFile(const std::filesystem::path& path, std::size_t capacity_bytes)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), buffer_(capacity_bytes) {}

SystemFile::~SystemFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SystemFile::SystemFile(SystemFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)) {}

SystemFile& SystemFile::operator=(SystemFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

std::string_view SystemFile::read() {
  if (descriptor_ < 0) return {};
  std::size_t size = 0;
  // The kernel may give less than a page at once.
  while (size < buffer_.size()) {
    const ssize_t got =
        ::pread(descriptor_, buffer_.data() + size, buffer_.size() - size, static_cast<off_t>(size));
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  return {buffer_.data(), size};
}

std::string_view SystemFile::read_once() {
  if (descriptor_ < 0) return {};
  const ssize_t got = ::pread(descriptor_, buffer_.data(), buffer_.size(), 0);
  return {buffer_.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

std::optional<std::int64_t> take_integer(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + begin, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<std::int64_t> integer_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  const std::size_t begin = text.find_first_not_of(" \t:=");
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  return take_integer(text);
}

}  // namespace bv2
