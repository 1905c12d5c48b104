// The processor's counters, through a perf_event_open of the test's own, and of the kernel where it has them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "framework/hardware_counters.h"
#include "support/system_tree.h"

namespace bv2::test {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

/// Descriptors that read what the test puts there: files in memory, whose position goes back before each put.
class FakeKernel {
 public:
  ~FakeKernel() {
    for (const auto& [key, descriptor] : files_) ::close(descriptor);
  }
  int open(const perf_event_attr& attributes, int thread) {
    EXPECT_EQ(attributes.inherit, 1U);
    EXPECT_EQ(attributes.exclude_kernel, 1U);
    const auto refused = refused_.find(attributes.config);
    if (refused != refused_.end()) {
      errno = refused->second;
      return -1;
    }
    const int descriptor = ::memfd_create("event", MFD_CLOEXEC);
    files_[{thread, attributes.config}] = descriptor;
    put(thread, attributes.config, 0, 0, 0);
    return ::dup(descriptor);
  }
  void put(int thread, std::uint64_t config, std::uint64_t value, std::uint64_t enabled_ns,
           std::uint64_t running_ns) {
    const std::array<std::uint64_t, 3> content{value, enabled_ns, running_ns};
    const int descriptor = files_.at({thread, config});
    ASSERT_EQ(::pwrite(descriptor, content.data(), sizeof content, 0), ssize_t{sizeof content});
    ::lseek(descriptor, 0, SEEK_SET);
  }
  /// As if nothing had happened since.
  void rewind() {
    for (const auto& [key, descriptor] : files_) ::lseek(descriptor, 0, SEEK_SET);
  }
  void refuse(std::uint64_t config, int error) { refused_[config] = error; }

 private:
  std::map<std::pair<int, std::uint64_t>, int> files_;
  std::map<std::uint64_t, int> refused_;
};

class HardwareCountersTest : public testing::Test {
 protected:
  MonitoredSystem system(std::vector<int> threads = {10}) {
    for (const int thread : threads) tree_.put("proc/self/task/" + std::to_string(thread) + "/stat", "");
    MonitoredSystem system = tree_.system();
    system.open_perf_event = [this](const perf_event_attr& attributes, int thread) {
      return kernel_.open(attributes, thread);
    };
    return system;
  }
  void refuse_all(int error) {
    for (std::uint64_t config = 0; config < 10; ++config) kernel_.refuse(config, error);
    kernel_.refuse(PERF_COUNT_HW_CACHE_DTLB | (PERF_COUNT_HW_CACHE_RESULT_MISS << 16U), error);
  }
  std::string reason() {
    const auto source = hardware_counters_source(system());
    EXPECT_THAT(source->counters(), IsEmpty());
    return source->unavailable_reason();
  }
  SystemTree tree_;
  FakeKernel kernel_;
};

TEST_F(HardwareCountersTest, SumsTheThreads) {
  const auto source = hardware_counters_source(system({10, 11}));
  kernel_.put(10, PERF_COUNT_HW_CPU_CYCLES, 1000, 500, 500);
  kernel_.put(11, PERF_COUNT_HW_CPU_CYCLES, 234, 100, 100);
  kernel_.put(11, PERF_COUNT_HW_INSTRUCTIONS, 77, 100, 100);
  const auto values = values_of(*source);
  EXPECT_EQ(values.at("cycles"), 1234);
  EXPECT_EQ(values.at("instructions"), 77);
  EXPECT_EQ(values.at("counters_running_percent"), 100);
}

TEST_F(HardwareCountersTest, ScalesWhatWasLookedAtForAPartOfTheTime) {
  const auto source = hardware_counters_source(system());
  kernel_.put(10, PERF_COUNT_HW_CPU_CYCLES, 100, 1000, 250);
  EXPECT_EQ(values_of(*source)["cycles"], 400);
  kernel_.rewind();
  kernel_.put(10, PERF_COUNT_HW_CPU_CYCLES, 300, 2000, 750);  // 200 more in half of the time
  const auto values = values_of(*source);
  EXPECT_EQ(values.at("cycles"), 800);
  EXPECT_EQ(values.at("counters_running_percent"), 50);
}

TEST_F(HardwareCountersTest, LeavesOutAnEventThatHadNoTurn) {
  IterationMonitor monitor(system(), {"counters"});
  monitor.begin();
  kernel_.rewind();
  kernel_.put(10, PERF_COUNT_HW_CPU_CYCLES, 100, 1000, 1000);
  kernel_.put(10, PERF_COUNT_HW_BRANCH_MISSES, 0, 1000, 0);
  monitor.end();
  EXPECT_EQ(counter_value(monitor.values(), "cycles"), 100);
  EXPECT_EQ(counter_value(monitor.values(), "branch_misses"), std::nullopt);
  EXPECT_EQ(counter_value(monitor.values(), "counters_running_percent"), 0);
}

TEST_F(HardwareCountersTest, GoesOnWithoutAnEventThatTheProcessorDoesNotHave) {
  kernel_.refuse(PERF_COUNT_HW_CACHE_REFERENCES, ENOENT);
  const auto values = values_of(*hardware_counters_source(system()));
  EXPECT_FALSE(values.contains("cache_references"));
  EXPECT_TRUE(values.contains("cache_misses"));
}

TEST_F(HardwareCountersTest, SaysWhyThereAreNone) {
  tree_.put("proc/sys/kernel/perf_event_paranoid", "3\n");
  refuse_all(EACCES);
  EXPECT_THAT(reason(), HasSubstr("perf_event_paranoid is 3"));
  refuse_all(ENOENT);
  EXPECT_THAT(reason(), HasSubstr("virtual machines"));
  refuse_all(ENOSYS);
  EXPECT_THAT(reason(), HasSubstr("no perf_event_open"));
  refuse_all(EMFILE);
  EXPECT_THAT(reason(), HasSubstr("file descriptors"));
  refuse_all(E2BIG);
  EXPECT_THAT(reason(), HasSubstr("perf_event_open:"));
}

TEST_F(HardwareCountersTest, OnThisMachineTheyCountOrSayWhyNot) {
  const auto source = hardware_counters_source(MonitoredSystem::of_this_process());
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  const auto descriptor = static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
  if (descriptor < 0) {
    const std::vector<Counter> counters = source->counters();
    EXPECT_EQ(std::ranges::find(counters, "instructions", &Counter::name), counters.end());
    if (counters.empty()) {
      EXPECT_THAT(source->unavailable_reason(), Not(IsEmpty()));
    }
    return;
  }
  ::close(descriptor);
  const auto before = values_of(*source);
  volatile double sink = 1;
  for (int i = 0; i < 1'000'000; ++i) sink = sink * 0.999;
  const auto after = values_of(*source);
  EXPECT_GT(after.at("instructions") - before.at("instructions"), 1'000'000);
}

TEST(HardwareCounters, AreMediansAndQuotientsOfIterations) {
  const std::vector<CounterValues> iterations{
      {{"cycles", 100}, {"instructions", 200}, {"cache_misses", 2}, {"counters_running_percent", 100}},
      {{"cycles", 300}, {"instructions", 300}, {"cache_misses", 30}, {"counters_running_percent", 60}},
      {{"cycles", 200}, {"instructions", 300}, {"counters_running_percent", 100}}};
  std::vector<const CounterValues*> all;
  for (const auto& iteration : iterations) all.push_back(&iteration);
  const HardwareCounters found = hardware_counters({.monitor = "counters", .status = MonitorStatus::on}, all);
  EXPECT_THAT(found.events,
              ElementsAre(Pair("cycles", 200), Pair("instructions", 300), Pair("cache_misses", 16)));
  EXPECT_DOUBLE_EQ(found.instructions_per_cycle.value(), 1.5);
  EXPECT_DOUBLE_EQ(found.cache_misses_per_kiloinstruction.value(), 55);
  EXPECT_EQ(found.running_percent, 60);
}

TEST(HardwareCounters, OfNothingAreNothing) {
  const HardwareCounters found = hardware_counters({.monitor = "counters", .status = MonitorStatus::off}, {});
  EXPECT_EQ(found.status, MonitorStatus::off);
  EXPECT_FALSE(found.instructions_per_cycle);
  EXPECT_FALSE(found.running_percent);
}

}  // namespace
}  // namespace bv2::test
