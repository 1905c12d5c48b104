// Files: whole reads, durable writes, memory mapping.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace bv2 {

/// The whole file. Throws Error naming the path when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes beside `path`, flushes to the disk and renames, so that a reader sees the old or the new content
/// and nothing else. Creates missing parent folders. Throws Error naming the path and the cause (disk full,
/// no permission).
void write_file_atomically(const std::filesystem::path& path, std::string_view content);
/// The same for content in several pieces, written one after another.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> pieces);

/// A file mapped read-only. Movable; unmapped at destruction.
class MappedFile {
 public:
  /// Throws Error naming the path when it cannot be opened or mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }

  /// Reads the pages of [offset, offset + length) in at once, which is faster than one fault after another.
  /// False when the file cannot be read there any more (it was shortened, the disk failed); touching those
  /// bytes would then end the process.
  [[nodiscard]] bool populate(std::size_t offset, std::size_t length) const;

  /// Gives the resident pages that lie wholly inside [offset, offset + length) back to the system; they are
  /// read from the file again when touched. Keeps the peak of a load that copies near one copy.
  void release(std::size_t offset, std::size_t length) const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

}  // namespace bv2
