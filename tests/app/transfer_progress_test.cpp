// What is shown while files come from the Hub or go to it, where there is no terminal.
#include "app/transfer_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/log.h"

namespace bv2::app {
namespace {

constexpr std::int64_t second = 1'000'000'000;

TEST(TransferProgress, IsALineAtMostEveryTenSeconds) {
  Console console;  // the tests' stderr is no terminal where they run by themselves
  if (console.terminal()) GTEST_SKIP() << "stderr is a terminal";
  std::vector<std::string> lines;
  const auto log = make_logger(LogLevel::info, [&](std::string_view line) { lines.emplace_back(line); });
  std::int64_t now_ns = 0;
  TransferProgress progress(console, log, [&] { return now_ns; });
  hub::TransferStatus status;
  status.what = "downloading org/name";
  status.total_bytes = 1000;
  status.bytes_per_second = 10;
  for (int i = 0; i <= 25; ++i) {
    now_ns = i * second;
    status.done_bytes = static_cast<std::uint64_t>(10 * i);
    status.seconds_left = 100 - i;
    progress.show(status);
  }
  EXPECT_THAT(lines,
              testing::ElementsAre("info: downloading org/name: 10%, 0.1 of 1.0 kB, 10 B/s, 1:30 min left",
                                   "info: downloading org/name: 20%, 0.2 of 1.0 kB, 10 B/s, 1:20 min left"));
}

}  // namespace
}  // namespace bv2::app
