// Logging: levels, lines, and the file.
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

TEST(Log, KnowsItsLevelsByName) {
  EXPECT_EQ(log_level_from_name("DEBUG"), LogLevel::debug);
  EXPECT_EQ(log_level_from_name("Warning"), LogLevel::warning);
  EXPECT_FALSE(log_level_from_name("LOUD"));
  EXPECT_FALSE(log_level_from_name(""));
}

TEST(Log, WritesLinesOfItsLevelAndAbove) {
  std::vector<std::string> lines;
  const auto log = make_logger(LogLevel::warning, [&](std::string_view line) { lines.emplace_back(line); });
  log->info("not this");
  log->warn("careful: {}", 1);
  log->error("lost");
  EXPECT_THAT(lines, ElementsAre("warning: careful: 1", "error: lost"));
}

TEST(Log, WritesTheFileAtOnce) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "new" / "run.log";
  const auto log = make_logger(
      LogLevel::info, [](std::string_view) {}, path);
  log->info("begun");
  EXPECT_THAT(read_file(path), MatchesRegex("[0-9-]+ [0-9:.]+ info begun\n"));
}

TEST(Log, SaysWhyTheFileCannotBeWritten) {
  const test::TemporaryFolder folder;
  const auto file = folder.write("file", "");
  const auto make = [&] {
    make_logger(
        LogLevel::info, [](std::string_view) {}, file / "run.log");
  };
  EXPECT_THAT(test::error_text(make), testing::StartsWith("cannot write the log file '" + file.string()));
}

}  // namespace
}  // namespace bv2
