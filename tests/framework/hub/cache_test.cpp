// The layout of the cache that all tools share, and that nothing is written outside of it.
#include "framework/hub/cache.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2::hub {
namespace {

namespace fs = std::filesystem;

const std::string commit = "0123456789abcdef0123456789abcdef01234567";

struct CacheTest : ::testing::Test {
  test::TemporaryFolder folder;
  RepositoryCache cache{folder.path(), {RepositoryKind::model, "org/name", "main"}};
};

TEST_F(CacheTest, Layout) {
  EXPECT_EQ(cache.blob("abc"), folder.path() / "models--org--name/blobs/abc");
  EXPECT_EQ(cache.incomplete_blob("abc"), folder.path() / "models--org--name/blobs/abc.incomplete");
  EXPECT_EQ(cache.lock("abc"), folder.path() / ".locks/models--org--name/abc.lock");
  EXPECT_EQ(cache.snapshot_file(commit, "a/b.json"),
            folder.path() / "models--org--name/snapshots" / commit / "a/b.json");
  const RepositoryCache old(folder.path(), {RepositoryKind::dataset, "squad", "main"});
  EXPECT_EQ(old.folder(), folder.path() / "datasets--squad");
}

TEST_F(CacheTest, LinksAreRelative) {
  cache.create();
  write_file_atomically(cache.blob("abc"), "content");
  cache.link(commit, "config.json", "abc");
  cache.link(commit, "a/b/c.json", "abc");
  EXPECT_EQ(fs::read_symlink(cache.snapshot_file(commit, "config.json")), "../../blobs/abc");
  EXPECT_EQ(fs::read_symlink(cache.snapshot_file(commit, "a/b/c.json")), "../../../../blobs/abc");
  EXPECT_EQ(read_file(cache.snapshot_file(commit, "a/b/c.json")), "content");
}

TEST_F(CacheTest, ALinkThatLeadsElsewhereIsReplaced) {
  cache.create();
  write_file_atomically(cache.blob("abc"), "new");
  fs::create_directories(cache.snapshot(commit));
  fs::create_symlink("/etc/passwd", cache.snapshot_file(commit, "config.json"));
  cache.link(commit, "config.json", "abc");
  EXPECT_EQ(read_file(cache.snapshot_file(commit, "config.json")), "new");
}

TEST_F(CacheTest, ABlobOfAnotherSizeIsNone) {
  cache.create();
  EXPECT_FALSE(cache.has_blob("abc", 0));
  write_file_atomically(cache.blob("abc"), "1234");
  EXPECT_TRUE(cache.has_blob("abc", 4));
  EXPECT_FALSE(cache.has_blob("abc", 5));
}

TEST_F(CacheTest, RefsRememberCommits) {
  EXPECT_EQ(cache.known_commit("main"), std::nullopt);
  EXPECT_EQ(cache.known_commit(commit), commit);
  cache.remember_commit("main", commit);
  cache.remember_commit("refs/pr/1", commit);
  EXPECT_EQ(read_file(cache.folder() / "refs/main"),
            commit);  // without a newline, as the other tools read it
  EXPECT_EQ(read_file(cache.folder() / "refs/refs/pr/1"), commit);
  EXPECT_EQ(cache.known_commit("main"), commit);
  cache.remember_commit(commit, commit);
  EXPECT_FALSE(fs::exists(cache.folder() / "refs" / commit));
  write_file_atomically(cache.folder() / "refs/damaged", "../../etc");
  EXPECT_EQ(cache.known_commit("damaged"), std::nullopt);
}

TEST_F(CacheTest, NamesFromOutsideAreChecked) {
  for (const char* bad : {"", ".", "..", "../x", "a/../x", "a/..", "/etc/passwd", "a//b", "a/", "./a", "a\\b",
                          "..\\x", "C:\\x", "C:x", "a\nb", "a/b\x7f"}) {
    EXPECT_THROW(cache.snapshot_file(commit, bad), Error) << bad;
  }
  EXPECT_THROW(check_file_name(std::string("a\0b", 3)), Error);
  EXPECT_THROW(check_file_name(std::string(300, 'a')), Error);
  for (const char* good : {"config.json", "a/b/c", "...", "a..b", ".gitattributes", "\xc3\xa4 b"}) {
    EXPECT_NO_THROW(check_file_name(good)) << good;
  }
  for (const char* bad : {"", "../x", "a/b", ".", "..", "a.b", "a b"})
    EXPECT_THROW(cache.blob(bad), Error) << bad;
  for (const char* bad : {"", "..", "main", "0123"}) EXPECT_THROW(cache.snapshot(bad), Error) << bad;
  EXPECT_THROW(cache.known_commit("../../x"), Error);
}

TEST_F(CacheTest, RefusalsAreOneReadableLine) {
  EXPECT_EQ(
      test::error_text([] { check_file_name("../../etc/\ncron"); }),
      "the repository names a file '../../etc/?cron', which would leave the cache or is no file name: it is "
      "refused");
}

}  // namespace
}  // namespace bv2::hub
