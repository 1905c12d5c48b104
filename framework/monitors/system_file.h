// A small file of /proc or /sys that is read again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace bv2 {

/// Kept open, because opening costs more than reading. Movable.
class SystemFile {
 public:
  /// A file that is not there reads as nothing. Only the first `capacity_bytes` are read.
  explicit SystemFile(const std::filesystem::path& path, std::size_t capacity_bytes = 4096);
  ~SystemFile();
  SystemFile(SystemFile&& other) noexcept;
  SystemFile& operator=(SystemFile&& other) noexcept;
  SystemFile(const SystemFile&) = delete;
  SystemFile& operator=(const SystemFile&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  /// What it says now; empty where it cannot be read. Valid until the next read.
  std::string_view read();
  /// The same by a single call of the kernel's: all of a file of /sys.
  std::string_view read_once();

 private:
  int descriptor_ = -1;
  std::vector<char> buffer_;
};

/// The integer that a text begins with, after blanks, and takes it off the text.
std::optional<std::int64_t> take_integer(std::string_view& text);
/// The integer after the first `key` in the text and whatever blanks, ':' and '=' follow it.
std::optional<std::int64_t> integer_after(std::string_view text, std::string_view key);

}  // namespace bv2
