// Addresses: apart, together, and without secrets.
#include "framework/hub/url.h"

#include <gtest/gtest.h>

namespace bv2::hub {
namespace {

TEST(Url, OriginIsSchemeHostAndPort) {
  EXPECT_TRUE(same_origin("https://huggingface.co/a", "https://HUGGINGFACE.co:443/b?c"));
  EXPECT_FALSE(same_origin("https://huggingface.co", "http://huggingface.co"));
  EXPECT_FALSE(same_origin("https://huggingface.co", "https://huggingface.co:8443"));
  EXPECT_FALSE(same_origin("https://huggingface.co", "https://huggingface.co.evil.example"));
  EXPECT_FALSE(same_origin("https://huggingface.co", "https://cdn.huggingface.co"));
  // The host is what follows the @.
  EXPECT_FALSE(same_origin("https://huggingface.co", "https://huggingface.co@evil.example/"));
  EXPECT_FALSE(same_origin("https://huggingface.co", "nonsense"));
}

TEST(Url, ReferencesAreResolved) {
  EXPECT_EQ(resolve_reference("https://a.example/x/y?q", "/z"), "https://a.example/z");
  EXPECT_EQ(resolve_reference("https://a.example/x/y", "https://b.example/z?s=1"), "https://b.example/z?s=1");
  EXPECT_EQ(resolve_reference("https://a.example/x/y", "//b.example/z"), "https://b.example/z");
  EXPECT_EQ(resolve_reference("https://a.example/x", "http://[broken/"), std::nullopt);
}

TEST(Url, Encoding) {
  EXPECT_EQ(percent_encode("refs/pr/1"), "refs%2Fpr%2F1");
  EXPECT_EQ(percent_encode_path("a b/c?d#e%.json"), "a%20b/c%3Fd%23e%25.json");
  EXPECT_EQ(percent_encode("\xc3\xa4-._~"), "%C3%A4-._~");
}

TEST(Url, SecretsAreNotShown) {
  EXPECT_EQ(without_secrets("https://me:pass@a.example/x?Signature=s#f"), "https://a.example/x");
  EXPECT_EQ(without_secrets("https://a.example/x@y"), "https://a.example/x@y");
  EXPECT_EQ(without_secrets("https://me:p@ss@a.example"), "https://a.example");
  EXPECT_EQ(without_secrets("nonsense?key"), "nonsense");
}

}  // namespace
}  // namespace bv2::hub
