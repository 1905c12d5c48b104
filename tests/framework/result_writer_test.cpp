// Names, uniqueness and durability of result files.
#include "framework/result_writer.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using testing::HasSubstr;

TEST(SafeFileName, KeepsWhatIsSafe) {
  EXPECT_EQ(safe_file_name("SmolLM2-135M_v1.5"), "SmolLM2-135M_v1.5");
  EXPECT_EQ(safe_file_name("a b/c:d\n\"é"), "a_b_c_d____");
  EXPECT_EQ(safe_file_name(""), "model");
  EXPECT_EQ(safe_file_name(".."), "_.");
  EXPECT_EQ(safe_file_name(std::string(1000, 'x')).size(), 100U);
}

TEST(OutputFolder, IsMadeAndLeftEmpty) {
  const test::TemporaryFolder folder;
  check_output_folder(folder.path() / "a/b");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "a/b"));
}

TEST(OutputFolder, ThatCannotBeWrittenIsRefused) {
  EXPECT_THAT(test::error_text<UsageError>([] { check_output_folder("/proc/benchmark_v2"); }),
              HasSubstr("--output-dir '/proc/benchmark_v2' cannot be written to: "));
  EXPECT_THAT(test::error_text<UsageError>([] { check_output_folder("/dev/full"); }), HasSubstr("/dev/full"));
}

TEST(ResultFile, IsThereFromTheFirstWriteAndReplacedByTheNext) {
  const test::TemporaryFolder folder;
  ResultFile file(folder.path() / "model", "name");
  EXPECT_TRUE(file.path().empty());
  file.write({{"a", 1}});
  EXPECT_EQ(file.path(), folder.path() / "model/name.json");
  file.write({{"a", 2}});
  EXPECT_EQ(read_json(file.path())["a"], 2);
}

TEST(ResultFile, TakesTheNextFreeName) {
  const test::TemporaryFolder folder;
  folder.write("name.json", "mine");
  ResultFile second(folder.path(), "name");
  ResultFile third(folder.path(), "name");
  second.write(2);
  third.write(3);
  second.write(22);
  EXPECT_EQ(read_file(folder.path() / "name.json"), "mine");
  EXPECT_EQ(read_file(folder.path() / "name-2.json"), "22\n");
  EXPECT_EQ(read_file(folder.path() / "name-3.json"), "3\n");
}

TEST(ResultFile, LeavesNothingWhereItCannotWrite) {
  const test::TemporaryFolder folder;
  ResultFile file(folder.write("file", "") / "below", "name");
  EXPECT_THAT(test::error_text([&] { file.write(1); }), HasSubstr("cannot create the folder"));
  EXPECT_TRUE(file.path().empty());
}

}  // namespace
}  // namespace bv2
