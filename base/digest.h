// Hashes of content, and base64.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bv2 {

enum class DigestKind {
  sha256,    ///< of the content: names large files
  git_blob,  ///< SHA-1 of "blob SIZE\0" and the content, as git names it: names small files
};

/// Hashes content piece by piece.
class Digest {
 public:
  /// `size_bytes` is that of the whole content, which a git blob's hash begins with.
  Digest(DigestKind kind, std::uint64_t size_bytes);

  void update(std::span<const char> bytes);
  /// The hash as lower-case hexadecimal digits. Ends this digest.
  std::string hex();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

std::string digest_of(DigestKind kind, std::string_view content);

std::string base64_encode(std::string_view bytes);

}  // namespace bv2
