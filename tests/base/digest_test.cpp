// Hashes and base64, against values that other programs give.
#include "base/digest.h"

#include <gtest/gtest.h>

namespace bv2 {
namespace {

TEST(Digest, Sha256) {  // FIPS 180-2, appendix B.1; and of nothing
  EXPECT_EQ(digest_of(DigestKind::sha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of(DigestKind::sha256, ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, GitBlob) {  // printf 'hello\n' | git hash-object --stdin
  EXPECT_EQ(digest_of(DigestKind::git_blob, "hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(digest_of(DigestKind::git_blob, ""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

TEST(Digest, InPieces) {
  Digest digest(DigestKind::sha256, 3);
  digest.update(std::string_view("a"));
  digest.update(std::string_view("bc"));
  EXPECT_EQ(digest.hex(), digest_of(DigestKind::sha256, "abc"));
}

TEST(Base64, VectorsOfRfc4648) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, PiecesJoinWithoutPadding) {
  const std::string long_text((6U << 20U) + 1, 'x');
  const std::string encoded = base64_encode(long_text);
  EXPECT_EQ(encoded.size(), (long_text.size() + 2) / 3 * 4);
  EXPECT_EQ(encoded.find('='), encoded.size() - 2);
}

}  // namespace
}  // namespace bv2
