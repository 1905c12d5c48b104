// `run_benchmarks report` and `export` from the outside.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "support/built.h"
#include "support/made_documents.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ReportProgram : public testing::Test {
 protected:
  ReportProgram() {
    test::write_document(folder_.path() / "results", test::made_document({}), "20260115_143022");
  }
  test::ProcessResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), test::program());
    return test::run_process(arguments, folder_.path());
  }
  static void expect_one_line(const test::ProcessResult& result, int status, const std::string& text) {
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
  }
  test::TemporaryFolder folder_;
};

TEST_F(ReportProgram, WritesThePageAndSaysWhere) {
  const auto result = run({"report", "results"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "report.html\n");
  EXPECT_THAT(read_file(folder_.path() / "report.html"), HasSubstr("SmolLM2-135M"));
  EXPECT_EQ(run({"report", "results", "-o", "a/b.html"}).out, "a/b.html\n");
  EXPECT_TRUE(fs::exists(folder_.path() / "a/b.html"));
}

TEST_F(ReportProgram, ReportsWhatARunMeasured) {
  const auto measured = run({"run", "--benches-dir", test::module_dir("quick"), "--include", "quick",
                             "--output-dir", "measured", "--num-tokens-to-generate", "8"});
  ASSERT_EQ(measured.status, 0) << measured.err;
  EXPECT_EQ(run({"report", "measured"}).status, 0);
  EXPECT_THAT(read_file(folder_.path() / "report.html"), HasSubstr("quick-model"));
}

TEST_F(ReportProgram, ExportsToStdoutOrAFile) {
  const auto rows = run({"export", "results", "--format", "jsonl"});
  EXPECT_EQ(rows.status, 0) << rows.err;
  EXPECT_EQ(std::ranges::count(rows.out, '\n'), 9);
  const auto file = run({"export", "results", "--format", "bencher", "-o", "metrics.json"});
  EXPECT_EQ(file.out, "");
  EXPECT_EQ(read_json(folder_.path() / "metrics.json").size(), 3U);
}

TEST_F(ReportProgram, MistakesAreOneLine) {
  expect_one_line(run({"report"}), 2, "report needs DIR...");
  expect_one_line(run({"report", "nothing"}), 2,
                  "'nothing' is neither a result document nor a folder of them");
  expect_one_line(run({"report", "results", "--format", "md"}), 2, "--format is an option of");
  expect_one_line(run({"export", "results"}), 2, "export needs --format NAME");
  expect_one_line(run({"export", "results", "--format", "xml"}), 2,
                  "known: csv, md, json, jsonl, google-benchmark, bencher");
  expect_one_line(run({"export", "results", "--format", "csv", "-o", "/proc/x.csv"}), 1, "/proc/x.csv");
}

}  // namespace
}  // namespace bv2
