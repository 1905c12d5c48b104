// The rule by which an iteration is tainted, at both sides of each threshold.
#include "framework/interference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bv2::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t ms = 1'000'000;
constexpr InterferenceScale scale{.cpus = 2, .tick_ns = 10 * ms, .private_cache_bytes = 1'000'000};

/// An iteration of one second with one counter more.
std::vector<std::string> taints_of(std::string name, std::int64_t value) {
  return taints({{"wall_time_ns", 1000 * ms}, {"cpu_time_ns", 2000 * ms}, {std::move(name), value}}, scale);
}

TEST(Interference, CleanIterationsHaveNoFlags) {
  EXPECT_THAT(taints({}, scale), IsEmpty());
  EXPECT_THAT(taints({{"wall_time_ns", 1000 * ms},
                      {"cpu_time_ns", 1990 * ms},
                      {"voluntary_context_switches", 5000},
                      {"involuntary_context_switches", 5},
                      {"minor_page_faults", 100000},
                      {"run_delay_ns", ms},
                      {"system_busy_ns", 2010 * ms},
                      {"cpu_pressure_ns", 900 * ms},
                      {"io_pressure_ns", 900 * ms}},
                     scale),
              IsEmpty());
}

TEST(Interference, LostTimeTaintsFromOneHundredthOn) {
  struct Case {
    const char* counter;
    const char* flag;
  };
  for (const auto& [counter, flag] :
       {Case{"steal_ns", "tainted_steal"}, Case{"run_delay_ns", "tainted_cpu_contention"},
        Case{"throttled_ns", "tainted_throttled"}, Case{"memory_pressure_ns", "tainted_memory_pressure"}}) {
    EXPECT_THAT(taints_of(counter, 10 * ms), IsEmpty()) << counter;
    EXPECT_THAT(taints_of(counter, 10 * ms + 1), ElementsAre(flag)) << counter;
  }
}

TEST(Interference, InvoluntarySwitchesStandInForADelayThatIsNotCounted) {
  EXPECT_THAT(taints_of("involuntary_context_switches", 3), IsEmpty());
  EXPECT_THAT(taints_of("involuntary_context_switches", 4), ElementsAre("tainted_cpu_contention"));
}

TEST(Interference, HeatAndDisksTaintAtOnce) {
  EXPECT_THAT(taints_of("thermal_throttle_events", 1), ElementsAre("tainted_thermal"));
  EXPECT_THAT(taints_of("major_page_faults", 1), ElementsAre("tainted_major_faults"));
}

TEST(Interference, AMigrationCostsReadingThePrivateCacheAgain) {
  EXPECT_THAT(taints_of("migrations", 100), IsEmpty());  // 100 x 0.1 ms of 1000 ms
  EXPECT_THAT(taints_of("migrations", 101), ElementsAre("tainted_migrations"));
}

TEST(Interference, OthersTaintBeyondTheResolutionOfTicks) {
  EXPECT_THAT(taints_of("system_busy_ns", (2000 + 100 + 40) * ms), IsEmpty());
  EXPECT_THAT(taints_of("system_busy_ns", (2000 + 100 + 41) * ms), ElementsAre("tainted_other_processes"));
}

TEST(Interference, NamesEveryCause) {
  EXPECT_THAT(taints({{"wall_time_ns", ms}, {"steal_ns", ms}, {"major_page_faults", 1}}, scale),
              ElementsAre("tainted_steal", "tainted_major_faults"));
}

TEST(Interference, TellsTaintsFromOtherFlags) {
  const std::vector<std::string> other{"output_differs"};
  const std::vector<std::string> both{"output_differs", "tainted_steal"};
  EXPECT_FALSE(is_tainted({}));
  EXPECT_FALSE(is_tainted(other));
  EXPECT_TRUE(is_tainted(both));
}

TEST(Interference, IsSummedUpByCause) {
  const std::vector<std::vector<std::string>> flags{
      {}, {"output_differs"}, {"tainted_steal", "tainted_thermal"}, {"tainted_steal"}, {}};
  const Interference interference = interference_of(flags);
  EXPECT_EQ(interference.tainted, 2);
  EXPECT_EQ(interference.left_out, 2);
  using testing::Pair;
  EXPECT_THAT(interference.causes, ElementsAre(Pair("tainted_steal", 2), Pair("tainted_thermal", 1)));
  EXPECT_EQ(interference_of(std::span(flags).subspan(2, 2)).left_out, 0) << "none would remain";
}

/// Of tainted iterations ('t') and others.
std::vector<bool> counted(std::string_view iterations) {
  std::vector<std::vector<std::string>> flags;
  for (const char c : iterations) {
    flags.push_back(c == 't' ? std::vector<std::string>{"tainted_steal"} : std::vector<std::string>{});
  }
  return counted_iterations(flags);
}

TEST(Interference, CountsTheCleanWhereEnoughRemain) {
  using V = std::vector<bool>;
  EXPECT_EQ(counted("-t--t"), (V{true, false, true, true, false}));
  EXPECT_EQ(counted("-tt-"), V(4, true)) << "2 are too few";
  EXPECT_EQ(counted("tttt---"), V(7, true)) << "fewer than half";
  EXPECT_EQ(counted("ttt---"), (V{false, false, false, true, true, true}));
  EXPECT_EQ(counted("--"), V(2, true));
  EXPECT_EQ(counted(""), V{});
}

}  // namespace
}  // namespace bv2::test
