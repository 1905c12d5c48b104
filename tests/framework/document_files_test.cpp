// Result documents from files and folders: which are found, in what order, and what is refused.
#include "framework/document_files.h"

#include <gmock/gmock.h>

#include "support/error_text.h"
#include "support/made_documents.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DocumentFilesTest : public testing::Test {
 protected:
  fs::path add(const std::string& run, const std::string& timestamp) {
    return test::write_document(folder_.path() / run,
                                test::made_document({.timestamp = timestamp, .modes = {{}}, .iterations = 3}),
                                "1");
  }
  test::TemporaryFolder folder_;
};

TEST_F(DocumentFilesTest, AreReadOldestFirstAndOnce) {
  const fs::path late = add("a", "2026-02-01T00:00:00.000Z");
  const fs::path early = add("b", "2026-01-01T00:00:00.000Z");
  folder_.write("a/SmolLM2-135M/other.json", "{}");
  folder_.write("benchmark_summary_20260101_000000.json", "no document either");
  const std::vector<fs::path> operands{folder_.path(), folder_.path() / "a", late};
  const auto files = read_documents(operands);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, early);
  EXPECT_EQ(files[1].path, late);
  EXPECT_EQ(files[1].document.benchmark_scenarios.at(0).iterations.size(), 3U);
}

TEST_F(DocumentFilesTest, FaultsNameTheFileOrFolder) {
  const auto error = [&](const fs::path& operand) {
    return test::error_text<Error>([&] { read_documents({&operand, 1}); });
  };
  EXPECT_THAT(error(folder_.path() / "none"), HasSubstr("is neither a result document nor a folder of them"));
  EXPECT_THAT(error(folder_.path()), HasSubstr("has no result documents"));
  add("a", "2026-02-01T00:00:00.000Z");
  const fs::path broken = folder_.write("z_benchmark_1.json", "{\"schema_version\": ");
  EXPECT_THAT(error(folder_.path()), HasSubstr("z_benchmark_1.json"));
  EXPECT_THAT(error(broken), HasSubstr("z_benchmark_1.json"));
}

}  // namespace
}  // namespace bv2
