// Names of repositories.
#include "framework/hub/repository_id.h"

#include <gtest/gtest.h>

#include "support/error_text.h"

namespace bv2::hub {
namespace {

using test::error_text;

TEST(RepositoryId, NameAndRevision) {
  const RepositoryId plain = parse_repository_id("HuggingFaceTB/SmolLM2-135M");
  EXPECT_EQ(plain.name, "HuggingFaceTB/SmolLM2-135M");
  EXPECT_EQ(plain.revision, "main");
  EXPECT_EQ(plain.shown(), "HuggingFaceTB/SmolLM2-135M");
  const RepositoryId pinned = parse_repository_id("gpt2@refs/pr/1");
  EXPECT_EQ(pinned.name, "gpt2");
  EXPECT_EQ(pinned.revision, "refs/pr/1");
  EXPECT_EQ(pinned.shown(), "gpt2@refs/pr/1");
}

TEST(RepositoryId, WhatTheHubDoesNotAllow) {
  for (const char* bad : {"",       "/",        "a/",      "/a",       "a/b/c",   "a b/c", "a/..",
                          "../a",   "a/-b",     "a/b.",    "a--b/c",   "a/b.git", "a/b@",  "a/b@../x",
                          "a/b@/x", "a/b@x//y", "a/b@x y", "a/b@a..b", "a\\b",    "a/b@.x"}) {
    EXPECT_THROW(parse_repository_id(bad), UsageError) << bad;
  }
  EXPECT_THROW(parse_repository_id(std::string(50, 'a') + "/" + std::string(50, 'b')), UsageError);
}

TEST(RepositoryId, MessageNamesTheRule) {
  EXPECT_EQ(error_text<UsageError>([] { parse_repository_id("my model/x"); }),
            "'my model/x' is not the name of a model on the Hub: only letters, digits, '-', '_' and '.' may "
            "be in it "
            "(expected: organisation/name)");
  EXPECT_EQ(error_text<UsageError>([] { parse_repository_id("a/b@c:d"); }),
            "'c:d' is not a revision: give a branch, a tag or a commit");
}

TEST(RepositoryId, CommitHash) {
  EXPECT_TRUE(is_commit_hash("0123456789abcdef0123456789abcdef01234567"));
  EXPECT_FALSE(is_commit_hash("0123456789ABCDEF0123456789abcdef01234567"));
  EXPECT_FALSE(is_commit_hash("0123"));
}

}  // namespace
}  // namespace bv2::hub
