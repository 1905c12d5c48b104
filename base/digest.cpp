// The hashes by which the Hub names content, and base64.
#include "base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/error.h"

namespace bv2 {
namespace {

EVP_MD_CTX* as_context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

void Digest::Free::operator()(void* context) const { EVP_MD_CTX_free(as_context(context)); }

Digest::Digest(DigestKind kind, std::uint64_t size_bytes) : context_(EVP_MD_CTX_new()) {
  const EVP_MD* algorithm = kind == DigestKind::sha256 ? EVP_sha256() : EVP_sha1();
  if (!context_ || EVP_DigestInit_ex(as_context(context_.get()), algorithm, nullptr) != 1) {
    fail("the OpenSSL library offers no {}", kind == DigestKind::sha256 ? "SHA-256" : "SHA-1");
  }
  if (kind == DigestKind::git_blob) {
    const std::string header = fmt::format("blob {}", size_bytes);
    update({header.c_str(), header.size() + 1});  // with its final zero
  }
}

void Digest::update(std::span<const char> bytes) {
  if (EVP_DigestUpdate(as_context(context_.get()), bytes.data(), bytes.size()) != 1) {
    fail("the OpenSSL library failed to hash");
  }
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(as_context(context_.get()), hash.data(), &length) != 1) {
    fail("the OpenSSL library failed to hash");
  }
  std::string digits;
  for (unsigned i = 0; i < length; ++i) digits += fmt::format("{:02x}", hash[i]);
  return digits;
}

std::string digest_of(DigestKind kind, std::string_view content) {
  Digest digest(kind, content.size());
  digest.update(content);
  return digest.hex();
}

std::string base64_encode(std::string_view bytes) {
  std::string encoded((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP writes a final zero
  // In pieces, since EVP counts in int: a multiple of 3, so that only the last piece is padded.
  constexpr std::size_t piece_bytes = 3U << 20U;
  std::size_t length = 0;
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const std::string_view piece = bytes.substr(at, piece_bytes);
    length += static_cast<std::size_t>(EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(encoded.data() + length),
        reinterpret_cast<const unsigned char*>(piece.data()), static_cast<int>(piece.size())));
  }
  encoded.resize(length);
  return encoded;
}

}  // namespace bv2
