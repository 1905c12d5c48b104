// What is uploaded: names in the repository with content.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "framework/hub/http_message.h"

namespace bv2::hub {

/// A file on the disk as the body of requests. Reads what is needed when it is needed.
class FileBody final : public RequestBody {
 public:
  /// Throws Error naming the path when it cannot be opened.
  explicit FileBody(const std::filesystem::path& path);
  ~FileBody() override;
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;

  [[nodiscard]] std::uint64_t size_bytes() const override { return size_; }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) const override;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

/// A part of another body, which must outlive it.
class BodyPart final : public RequestBody {
 public:
  BodyPart(const RequestBody& whole, std::uint64_t offset, std::uint64_t size_bytes)
      : whole_(whole), offset_(offset), size_(size_bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return size_; }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) const override;

 private:
  const RequestBody& whole_;
  std::uint64_t offset_;
  std::uint64_t size_;
};

struct UploadFile {
  std::string path;  ///< in the repository
  std::shared_ptr<const RequestBody> content;
};

/// The first bytes of a body, or all of it.
std::string first_bytes(const RequestBody& body, std::uint64_t count);
std::string all_bytes(const RequestBody& body);
/// SHA-256 as hexadecimal digits, read in pieces.
std::string sha256_of(const RequestBody& body);

}  // namespace bv2::hub
