// The cache of compiled mode: what is kept, what is rebuilt, and several users at once.
#include "engine/compiled/disk_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace bv2::engine::compiled {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Use {
  CacheUse found;
  std::string content;
};

/// Uses an entry of one file; `content` is what a build writes.
Use use(DiskCache& cache, const std::string& key, const std::string& content) {
  Use result;
  result.found = cache.use(
      key, "title of " + key,
      [&](const fs::path& folder) { write_file_atomically(folder / "file", content); },
      [&](const fs::path& folder) { result.content = read_file(folder / "file"); });
  return result;
}

TEST(DiskCache, BuildsOnce) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path());
  const Use first = use(cache, "a", "one");
  EXPECT_TRUE(first.found.built);
  EXPECT_EQ(first.content, "one");
  DiskCache again(folder.path());
  const Use second = use(again, "a", "two");
  EXPECT_FALSE(second.found.built);
  EXPECT_EQ(second.content, "one");
  EXPECT_EQ(second.found.damage, "");
}

TEST(DiskCache, ATruncatedEntryIsBuiltAgain) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path());
  use(cache, "a", "content");
  fs::resize_file(folder.path() / "entries/a/file", 3);
  const Use repaired = use(cache, "a", "content");
  EXPECT_TRUE(repaired.found.built);
  EXPECT_THAT(repaired.found.damage, HasSubstr("has 3 bytes instead of 7"));
  EXPECT_EQ(repaired.content, "content");
  EXPECT_FALSE(use(cache, "a", "content").found.built);
}

TEST(DiskCache, AnEntryOfOtherContentIsBuiltAgain) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path());
  use(cache, "a", "content");
  write_file_atomically(folder.path() / "entries/a/file", "CONTENT");
  const Use repaired = use(cache, "a", "content");
  EXPECT_THAT(repaired.found.damage, HasSubstr("other content"));
  EXPECT_EQ(repaired.content, "content");
}

TEST(DiskCache, AnEntryWithoutItsDescriptionOrOfAnotherKeyIsBuiltAgain) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path());
  use(cache, "a", "content");
  fs::remove(folder.path() / "entries/a/entry.json");
  EXPECT_THAT(use(cache, "a", "content").found.damage, HasSubstr("entry.json"));
  fs::copy(folder.path() / "entries/a", folder.path() / "entries/b", fs::copy_options::recursive);
  EXPECT_THAT(use(cache, "b", "other").found.damage, HasSubstr("another key"));
  write_file_atomically(folder.path() / "entries/a/entry.json", R"({"key": 3})");
  EXPECT_TRUE(use(cache, "a", "content").found.built);
}

TEST(DiskCache, KeepsNothingOfABuildThatThrows) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path());
  EXPECT_THROW(cache.use(
                   "a", "title", [](const fs::path&) { fail("no"); }, [](const fs::path&) {}),
               Error);
  EXPECT_TRUE(fs::is_empty(folder.path() / "building"));
  EXPECT_TRUE(use(cache, "a", "content").found.built);
}

TEST(DiskCache, KeepsWhatWasUsedLastWithinItsBound) {
  const test::TemporaryFolder folder;
  const std::string kilobyte(1024, 'x');
  DiskCache cache(folder.path(), 4000);  // three entries with their descriptions
  for (const char* key : {"a", "b", "c", "a", "d"}) {
    use(cache, key, kilobyte);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // file systems' clocks tick coarsely
  }
  std::vector<std::string> keys;
  for (const CacheEntry& entry : cache.list()) keys.push_back(entry.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"d", "a", "c"}));
}

TEST(DiskCache, OneEntryLargerThanTheBoundStaysUntilTheNext) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path(), 10);
  use(cache, "a", "more than ten bytes");
  EXPECT_EQ(cache.list().size(), 1U);
  use(cache, "b", "more than ten bytes");
  ASSERT_EQ(cache.list().size(), 1U);
  EXPECT_EQ(cache.list()[0].key, "b");
}

TEST(DiskCache, ListsAndClears) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path());
  EXPECT_TRUE(cache.list().empty());
  use(cache, "a", "content");
  fs::create_directories(folder.path() / "entries/broken");
  ASSERT_EQ(cache.list().size(), 2U);
  EXPECT_EQ(cache.list()[0].title, "title of a");
  EXPECT_GT(cache.list()[0].size_bytes, 7U);
  EXPECT_EQ(cache.list()[1].title, "(damaged)");
  EXPECT_EQ(cache.clear().size(), 2U);
  EXPECT_TRUE(cache.list().empty());
  EXPECT_TRUE(fs::is_empty(folder.path() / "locks"));
}

TEST(DiskCache, WhatIsBeingBuiltIsNotCleared) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path());
  use(cache, "a", "content");
  DiskCache other(folder.path());
  cache.use(
      "a", "title", [](const fs::path&) { FAIL() << "it is there"; },
      [&](const fs::path&) { EXPECT_TRUE(other.clear().empty()); });
  EXPECT_EQ(other.clear().size(), 1U);
}

TEST(DiskCache, AFolderThatCannotBeWrittenIsNamed) {
  const test::TemporaryFolder folder;
  folder.write("file", "not a folder");
  DiskCache cache(folder.path() / "file");
  try {
    use(cache, "a", "content");
    FAIL() << "it must throw";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("BV2_CACHE_DIR"));
    EXPECT_THAT(error.what(), HasSubstr((folder.path() / "file").string()));
  }
}

/// Runs `work` in `count` processes at once; how many ended well.
int run_in_processes(int count, const std::function<bool(int)>& work) {
  std::vector<pid_t> children;
  for (int index = 0; index < count; ++index) {
    const pid_t child = ::fork();
    if (child == 0) {
      bool good = false;
      try {
        good = work(index);
      } catch (const std::exception&) {  // the status says it
      }
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  int good = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) ++good;
  }
  return good;
}

TEST(DiskCache, ProcessesAtOnceBuildAnEntryOnce) {
  const test::TemporaryFolder folder;
  const test::TemporaryFolder builds;
  const int good = run_in_processes(6, [&](int index) {
    DiskCache cache(folder.path());
    std::string seen;
    cache.use(
        "a", "title",
        [&](const fs::path& place) {
          builds.write(std::to_string(index), "built");
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
          write_file_atomically(place / "file", "content");
        },
        [&](const fs::path& place) { seen = read_file(place / "file"); });
    return seen == "content";
  });
  EXPECT_EQ(good, 6);
  EXPECT_EQ(std::distance(fs::directory_iterator(builds.path()), fs::directory_iterator()), 1);
}

TEST(DiskCache, ProcessesThatUseTrimAndClearAtOnceSeeWholeEntries) {
  const test::TemporaryFolder folder;
  const int good = run_in_processes(4, [&](int index) {
    DiskCache cache(folder.path(), 3000);
    for (int round = 0; round < 40; ++round) {
      const std::string key = std::to_string((round + index) % 5);
      const std::string content(700, key[0]);
      if (use(cache, key, content).content != content) return false;
      if (round % 10 == 9) cache.clear();
    }
    return true;
  });
  EXPECT_EQ(good, 4);
}

}  // namespace
}  // namespace bv2::engine::compiled
