// Differences and levels over an iteration.
#include "framework/monitors/iteration_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/system_tree.h"

namespace bv2::test {
namespace {

std::optional<std::int64_t> value(const CounterValues& values, std::string_view name) {
  const auto found = std::ranges::find(values, name, &CounterValues::value_type::first);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

TEST(IterationMonitor, GivesDifferencesOfTotalsAndLevelsAtTheEnd) {
  SystemTree tree;
  tree.put("proc/pressure/cpu", "some total=100\n");
  tree.put("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "3000000\n");
  IterationMonitor monitor(tree.system());
  for (int iteration = 1; iteration <= 2; ++iteration) {
    monitor.begin();
    tree.put("proc/pressure/cpu", "some total=" + std::to_string(100 + 7 * iteration) + "\n");
    tree.put("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2000000\n");
    monitor.end();
    EXPECT_EQ(value(monitor.values(), "cpu_pressure_ns"), 7000);
    EXPECT_EQ(value(monitor.values(), "slowest_cpu_khz"), 2000000);
    EXPECT_GT(value(monitor.values(), "wall_time_ns"), 0);
  }
}

TEST(IterationMonitor, LeavesOutWhatTheSystemDoesNotHave) {
  SystemTree tree;
  const IterationMonitor monitor(tree.system());
  EXPECT_THAT(monitor.names(), testing::UnorderedElementsAre(
                                   "wall_time_ns", "cpu_time_ns", "minor_page_faults", "major_page_faults",
                                   "voluntary_context_switches", "involuntary_context_switches"));
}

TEST(IterationMonitor, AFileThatGoesAwayChangesNothing) {
  SystemTree tree;
  tree.put("proc/self/task/1/schedstat", "1 500 1\n");
  IterationMonitor monitor(tree.system());
  monitor.begin();
  tree.put("proc/self/task/1/schedstat", "");
  monitor.end();
  EXPECT_EQ(value(monitor.values(), "run_delay_ns"), 0);
}

TEST(IterationMonitor, WorksOnThisSystem) {
  IterationMonitor monitor;
  monitor.begin();
  monitor.end();
  const CounterValues values = monitor.values();
  EXPECT_GT(value(values, "wall_time_ns"), 0);
  EXPECT_GT(value(values, "cpu_time_ns"), 0);
  EXPECT_GT(value(values, "peak_resident_bytes"), 0);
  for (const auto& [name, difference] : values) EXPECT_GE(difference, 0) << name;
}

}  // namespace
}  // namespace bv2::test
