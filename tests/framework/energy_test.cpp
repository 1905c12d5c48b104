// Energy of intervals, from samples.
#include "framework/energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bv2 {
namespace {

/// 10 W, read every 10 ms from 0 to 1 s: 0.1 J a step.
EnergySeries ten_watts() {
  EnergySeries series{.domain = "package"};
  for (int i = 0; i <= 100; ++i) {
    series.time_ns.push_back(std::int64_t{i} * 10'000'000);
    series.joules.push_back(0.1 * i);
  }
  return series;
}

TEST(Energy, IsInterpolatedBetweenSamples) {
  const auto energy = ten_watts().between(105'000'000, 905'000'000);
  ASSERT_TRUE(energy);
  EXPECT_NEAR(energy->joules, 8, 1e-9);
  EXPECT_NEAR(energy->resolution_joules, 0.1, 1e-9);
  EXPECT_TRUE(energy->resolved());
}

TEST(Energy, OfAShortIntervalIsNotResolved) {
  EXPECT_TRUE(ten_watts().between(100'000'000, 310'000'000)->resolved());
  EXPECT_FALSE(ten_watts().between(100'000'000, 290'000'000)->resolved());
}

TEST(Energy, OfACounterThatIsSeldomUpdatedHasItsStepsForAResolution) {
  EnergySeries series = ten_watts();
  for (std::size_t i = 0; i < series.joules.size(); ++i) {
    series.joules[i] = static_cast<double>(i / 20) * 2;  // every 200 ms
  }
  const auto energy = series.between(0, 1'000'000'000);
  EXPECT_NEAR(energy->joules, 10, 1e-9);
  EXPECT_NEAR(energy->resolution_joules, 2, 1e-9);
  EXPECT_FALSE(energy->resolved());
}

TEST(Energy, IsNothingOutsideOfTheSamples) {
  EXPECT_FALSE(ten_watts().between(-1, 500'000'000));
  EXPECT_FALSE(ten_watts().between(0, 1'000'000'001));
  EXPECT_FALSE(EnergySeries{}.between(0, 0));
}

TEST(Energy, OfACounterThatStandsStillIsNotResolved) {
  EnergySeries series = ten_watts();
  std::ranges::fill(series.joules, 5);
  EXPECT_FALSE(series.between(0, 1'000'000'000)->resolved());
}

TEST(Energy, SeriesAreThoseOfEnergyByDomain) {
  const std::vector<MonitorSamples> samples{
      {.monitor = "energy",
       .time_ns = {1, 2, 3},
       .series = {{.name = "package_energy_uj", .values = {1'000'000, std::nullopt, 3'000'000}},
                  {.name = "dram_energy_uj", .values = {0, 1, 2}}}},
      {.monitor = "gpu",
       .time_ns = {5, 6},
       .series = {{.name = "gpu_power_mw", .device = {"GPU-1"}, .values = {1, 2}},
                  {.name = "gpu_energy_uj", .device = {"GPU-1"}, .values = {1, 2}}}}};
  const auto series = energy_series(samples);
  ASSERT_EQ(series.size(), 3U);
  EXPECT_EQ(series[0].domain, "package");
  EXPECT_THAT(series[0].time_ns, testing::ElementsAre(1, 3)) << "without what could not be read";
  EXPECT_THAT(series[0].joules, testing::ElementsAre(1, 3));
  EXPECT_EQ(series[1].domain, "dram");
  EXPECT_EQ(series[2].domain, "GPU-1");
}

}  // namespace
}  // namespace bv2
