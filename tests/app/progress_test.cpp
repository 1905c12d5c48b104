// What is shown while a run goes on: the time that is left.
#include "app/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/log.h"
#include "framework/result.h"

namespace bv2::app {
namespace {

using testing::ElementsAre;
constexpr std::int64_t second = 1'000'000'000;

TEST(TimeLeft, IsNotKnownBeforeTheFirstIteration) {
  TimeLeft time;
  time.run_started(2, 20);
  time.scenario_started(0, 0);
  EXPECT_FALSE(time.seconds());
  EXPECT_EQ(time.share_done(), 0);
}

TEST(TimeLeft, CountsOwnIterationsOthersAndTheirPreparation) {
  TimeLeft time;
  time.run_started(3, 30);
  time.scenario_started(0, 0);
  time.iteration_finished(0, 2.0, 7 * second);  // 5 s of preparation
  // 9 own and 20 others of 2 s, and two preparations of 5 s.
  EXPECT_DOUBLE_EQ(*time.seconds(), 29 * 2.0 + 2 * 5.0);
  for (int i = 1; i < 10; ++i) time.iteration_finished(0, 2.0, 0);
  time.scenario_finished(0);
  EXPECT_DOUBLE_EQ(time.share_done(), 1.0 / 3);
  time.scenario_started(1, 100 * second);
  time.iteration_finished(1, 13.0, 116 * second);  // 3 s of preparation; the mean of 11 iterations is 3 s
  EXPECT_DOUBLE_EQ(*time.seconds(), 9 * 13.0 + 10 * 3.0 + 4.0);
}

TEST(TimeLeft, DoesNotWaitForAFailedScenario) {
  TimeLeft time;
  time.run_started(2, 10);
  time.scenario_started(0, 0);
  time.iteration_finished(0, 1.0, second);
  time.scenario_finished(0);
  EXPECT_DOUBLE_EQ(time.share_done(), 1.0 / 6);
  EXPECT_DOUBLE_EQ(*time.seconds(), 5.0);
  time.scenario_started(1, 2 * second);
  time.scenario_finished(1);
  EXPECT_DOUBLE_EQ(time.share_done(), 1.0);
  EXPECT_DOUBLE_EQ(*time.seconds(), 0.0);
}

TEST(Progress, FormatsDurations) {
  EXPECT_EQ(format_duration(0.4), "0:00");
  EXPECT_EQ(format_duration(65), "1:05");
  EXPECT_EQ(format_duration(3599.6), "1:00:00");
  EXPECT_EQ(format_duration(7384), "2:03:04");
  EXPECT_EQ(format_duration(-1), "0:00");
}

TEST(Progress, WritesPlainLinesWhereThereIsNoTerminal) {
  std::vector<std::string> lines;
  Console console;
  std::int64_t now = 0;
  Progress progress(console,
                    make_logger(LogLevel::info, [&](std::string_view line) { lines.emplace_back(line); }),
                    [&] { return now; });
  progress.run_started(1, 4);
  progress.scenario_started(0, "llama", "eager");
  now += second;
  progress.iteration_finished(0, ScenarioStep::measure, 1, 4, 1.0);
  now += 10 * second;
  progress.iteration_finished(0, ScenarioStep::measure, 2, 4, 10.0);
  ScenarioResult result;
  result.scenario_name = "eager";
  result.error.emplace("out of luck");
  progress.scenario_finished(0, "llama", result);
  EXPECT_THAT(lines, ElementsAre("info: 1 scenario, 4 iterations", "info: [1/1] llama eager",
                                 "info: [1/1] llama eager: measure 2/4, 0:11 left",
                                 "error: [1/1] llama eager: failed: out of luck"));
}

}  // namespace
}  // namespace bv2::app
