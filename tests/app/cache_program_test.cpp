// `cache`, as its users meet it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "support/built.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using testing::HasSubstr;

class CacheCommand : public testing::Test {
 protected:
  test::ProcessResult cache(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {test::program(), "cache"});
    return test::Process(arguments, folder_.path(), {"BV2_CACHE_DIR=" + folder_.path().string()}).wait();
  }
  test::TemporaryFolder folder_;
};

TEST_F(CacheCommand, ListsAndClears) {
  EXPECT_EQ(cache({"list", "--format", "json"}).out, "[]\n");
  folder_.write("entries/0123456789abcdef/code.so", "content");
  folder_.write("entries/0123456789abcdef/entry.json",
                R"({"key": "0123456789abcdef", "title": "a graph of old", "files": []})");
  const auto listed = cache({"list"});
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("a graph of old"));
  const Json cleared = parse_json(cache({"clear", "--format", "json"}).out, "output");
  ASSERT_EQ(cleared.size(), 1U);
  EXPECT_EQ(cleared[0]["key"], "0123456789abcdef");
  EXPECT_EQ(cache({"list", "--format", "json"}).out, "[]\n");
}

TEST_F(CacheCommand, OtherWordsAreRefused) {
  EXPECT_EQ(cache({"empty"}).status, 2);
  EXPECT_THAT(cache({"empty"}).err, HasSubstr("list or clear"));
  EXPECT_EQ(cache({}).status, 2);
}

}  // namespace
}  // namespace bv2
