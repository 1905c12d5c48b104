// Mapped files: reading in, giving back, and files that change meanwhile; files written in pieces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

TEST(MappedFile, PagesComeBackAfterTheyWereReleased) {
  const test::TemporaryFolder folder;
  const std::string content(100'000, 'x');
  const MappedFile file(folder.write("f", content));
  const auto text = [&] {
    return std::string_view(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  };
  EXPECT_TRUE(file.populate(5000, 90'000));
  EXPECT_TRUE(file.populate(99'999, 1'000'000));  // cut at the end
  EXPECT_TRUE(file.populate(200'000, 1));         // nothing there
  EXPECT_EQ(text(), content);
  file.release(0, content.size());
  EXPECT_EQ(text(), content);
}

TEST(MappedFile, AFileThatWasShortenedCannotBePopulated) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", std::string(100'000, 'x'));
  const MappedFile file(path);
  std::filesystem::resize_file(path, 4096);
  EXPECT_TRUE(file.populate(0, 4096));
  EXPECT_FALSE(file.populate(0, 100'000));
}

TEST(WriteFileAtomically, JoinsPieces) {
  const test::TemporaryFolder folder;
  constexpr std::array<std::string_view, 3> pieces{"one ", "", "two"};
  write_file_atomically(folder.path() / "f", pieces);
  EXPECT_EQ(read_file(folder.path() / "f"), "one two");
}

}  // namespace
}  // namespace bv2
