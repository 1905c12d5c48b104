// Each monitor on files as the kernel writes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/system_tree.h"

namespace bv2::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(ThreadScheduling, SumsDelayAndMigrationsOverThreads) {
  SystemTree tree;
  tree.put("proc/self/task/10/schedstat", "500 2000 7\n");
  tree.put("proc/self/task/10/sched",
           "name (10, #threads: 2)\nse.nr_migrations    :      3\nnr_switches : 9\n");
  tree.put("proc/self/task/11/schedstat", "100 40 1\n");
  tree.put("proc/self/task/11/sched", "se.nr_migrations  :  4\n");
  const auto source = thread_scheduling_source(tree.system());
  EXPECT_THAT(values_of(*source), ElementsAre(Pair("migrations", 7), Pair("run_delay_ns", 2040)));
}

TEST(ThreadScheduling, FollowsThreadsThatComeAndGo) {
  SystemTree tree;
  tree.put("proc/self/task/10/schedstat", "0 100 0\n");
  tree.put("proc/self/task/11/schedstat", "0 30 0\n");
  const auto source = thread_scheduling_source(tree.system());
  EXPECT_EQ(values_of(*source)["run_delay_ns"], 130);
  tree.put("proc/self/task/12/schedstat", "0 5 0\n");
  EXPECT_EQ(values_of(*source)["run_delay_ns"], 135);
  tree.remove("proc/self/task/11");
  tree.put("proc/self/task/10/schedstat", "0 101 0\n");
  EXPECT_EQ(values_of(*source)["run_delay_ns"], 136) << "what an ended thread had waited stays counted";
}

TEST(ThreadScheduling, IsNotThereWithoutTheKernelsHelp) {
  SystemTree tree;
  tree.put("proc/self/task/10/status", "Name: x\n");
  EXPECT_THAT(thread_scheduling_source(tree.system())->counters(), IsEmpty());
}

TEST(ProcessorTime, CountsOnlyTheProcessorsThatWeMayUse) {
  SystemTree tree;
  const std::int64_t tick_ns = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
  tree.put("proc/stat",
           "cpu  1000 1000 1000 1000 1000 1000 1000 1000 0 0\n"
           "cpu0 1 2 3 400 50 6 7 8 1 0\n"
           "cpu1 9 9 9 9 9 9 9 9 9 9\n"
           "cpu2 10 0 0 400 50 0 0 20 0 0\n"
           "intr 5 0 0\n");
  const auto source = processor_time_source(tree.system({0, 2}));
  EXPECT_THAT(values_of(*source), ElementsAre(Pair("steal_ns", 28 * tick_ns),
                                              Pair("system_busy_ns", (1 + 2 + 3 + 6 + 7 + 10) * tick_ns)));
}

TEST(ProcessorTime, ReadsHighProcessorNumbers) {
  SystemTree tree;
  std::string stat = "cpu  0 0 0 0 0 0 0 0 0 0\n";
  for (int cpu = 0; cpu < 300; ++cpu) {
    stat += "cpu" + std::to_string(cpu) + " 123456789012 123456789012 1 1 1 1 1 123456789012 0 0\n";
  }
  tree.put("proc/stat", stat);
  EXPECT_EQ(values_of(*processor_time_source(tree.system({299})))["steal_ns"],
            123456789012 * (1'000'000'000 / ::sysconf(_SC_CLK_TCK)));
}

TEST(Pressure, ReadsTheShareOfSome) {
  SystemTree tree;
  tree.put("proc/pressure/cpu",
           "some avg10=1.00 avg60=2.00 avg300=3.00 total=123\nfull avg10=0.00 total=9\n");
  tree.put("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=45\n");
  EXPECT_THAT(values_of(*pressure_source(tree.system())),
              ElementsAre(Pair("cpu_pressure_ns", 123000), Pair("memory_pressure_ns", 45000)));
}

TEST(CgroupThrottling, SumsTheGroupsAroundTheProcess) {
  SystemTree tree;
  tree.put("proc/self/cgroup", "0::/a.slice/b.scope\n");
  tree.put("sys/fs/cgroup/cpu.stat", "usage_usec 5\n");  // the root group has no quota
  tree.put("sys/fs/cgroup/a.slice/cpu.stat",
           "usage_usec 5\nnr_periods 9\nnr_throttled 2\nthrottled_usec 70\n");
  tree.put("sys/fs/cgroup/a.slice/b.scope/cpu.stat", "nr_periods 9\nnr_throttled 1\nthrottled_usec 8\n");
  EXPECT_THAT(values_of(*cgroup_throttling_source(tree.system())),
              ElementsAre(Pair("throttled_ns", 78000), Pair("throttled_periods", 3)));
}

TEST(CgroupThrottling, SeesTheMountOfAContainerWhosePathIsTheHosts) {
  SystemTree tree;
  tree.put("proc/self/cgroup", "0::/docker/0123\n");
  tree.put("sys/fs/cgroup/cpu.stat", "nr_throttled 1\nthrottled_usec 8\n");
  EXPECT_EQ(values_of(*cgroup_throttling_source(tree.system()))["throttled_ns"], 8000);
}

TEST(CgroupThrottling, ReadsVersionOne) {
  SystemTree tree;
  tree.put("proc/self/cgroup", "12:cpuset:/\n4:cpu,cpuacct:/job\n0::/\n");
  tree.put("sys/fs/cgroup/cpu,cpuacct/job/cpu.stat", "nr_periods 9\nnr_throttled 2\nthrottled_time 1234\n");
  EXPECT_THAT(values_of(*cgroup_throttling_source(tree.system())),
              ElementsAre(Pair("throttled_ns", 1234), Pair("throttled_periods", 2)));
}

TEST(CgroupThrottling, IsNotThereWithoutAQuota) {
  SystemTree tree;
  tree.put("proc/self/cgroup", "0::/\n");
  tree.put("sys/fs/cgroup/cpu.stat", "usage_usec 5\n");
  EXPECT_THAT(cgroup_throttling_source(tree.system())->counters(), IsEmpty());
}

TEST(ThermalThrottling, SumsCoresAndPackages) {
  SystemTree tree;
  const std::string cpu = "sys/devices/system/cpu/cpu";
  tree.put(cpu + "0/thermal_throttle/core_throttle_count", "2\n");
  tree.put(cpu + "0/thermal_throttle/package_throttle_count", "1\n");
  tree.put(cpu + "1/thermal_throttle/core_throttle_count", "4\n");
  tree.put(cpu + "5/thermal_throttle/core_throttle_count", "100\n");
  EXPECT_EQ(values_of(*thermal_throttling_source(tree.system()))["thermal_throttle_events"], 7);
}

TEST(Frequency, IsThatOfTheSlowest) {
  SystemTree tree;
  tree.put("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2900000\n");
  tree.put("sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "1200000\n");
  EXPECT_EQ(values_of(*frequency_source(tree.system()))["slowest_cpu_khz"], 1200000);
}

TEST(Sources, AreNotThereOnASystemWithoutTheirFiles) {
  SystemTree tree;
  for (const auto make : {thread_scheduling_source, processor_time_source, pressure_source,
                          cgroup_throttling_source, thermal_throttling_source, frequency_source}) {
    EXPECT_THAT(make(tree.system())->counters(), IsEmpty());
  }
  EXPECT_EQ(processor_time_source(tree.system({})), nullptr);
}

TEST(ProcessUsage, CountsThePagesThatAreTouchedAndTheTimeThatPasses) {
  const auto source = process_usage_source({});
  auto before = values_of(*source);
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  constexpr std::size_t pages = 100;
  void* fresh = ::mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(fresh, MAP_FAILED);
  ::madvise(fresh, pages * page, MADV_NOHUGEPAGE);
  for (std::size_t i = 0; i < pages; ++i) static_cast<volatile char*>(fresh)[i * page] = 1;
  ::usleep(2000);
  auto after = values_of(*source);
  ::munmap(fresh, pages * page);
  EXPECT_GE(after["minor_page_faults"] - before["minor_page_faults"], std::int64_t{pages});
  EXPECT_GE(after["wall_time_ns"] - before["wall_time_ns"], 2'000'000);
  EXPECT_GT(after["cpu_time_ns"], before["cpu_time_ns"]);
  EXPECT_GE(after["voluntary_context_switches"] - before["voluntary_context_switches"], 1) << "it slept";
}

}  // namespace
}  // namespace bv2::test
