// Samples beside what is measured.
#include "framework/monitors/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/cpu_topology.h"

namespace bv2 {
namespace {

using std::chrono::milliseconds;

/// Counts its readings, and takes its time where it is told to.
class FakeSource final : public CounterSource {
 public:
  struct Shared {
    std::atomic<std::int64_t> readings{0};
    std::atomic<std::int64_t> takes_ns{0};
    std::atomic<bool> fails{false};
    std::atomic<std::int64_t> works_ns{0};
    std::atomic<int> cpu{-1};
    std::atomic<int> allowed{0};  // processors
  };
  explicit FakeSource(Shared& shared) : shared_(shared) {}
  std::vector<Counter> counters() const override {
    return {{"readings", CounterKind::total}, {"level", CounterKind::level, "device-1"}};
  }
  void read(std::span<std::int64_t> values) override {
    shared_.cpu = ::sched_getcpu();
    shared_.allowed = static_cast<int>(allowed_cpus().size());
    work(shared_.works_ns);
    values[0] = ++shared_.readings;
    problems_[1] = shared_.fails ? "it is gone" : "";
    if (!shared_.fails) values[1] = 7;
    std::this_thread::sleep_for(std::chrono::nanoseconds(shared_.takes_ns));
  }
  std::span<const std::string> problems() const override { return problems_; }

 private:
  static void work(std::int64_t cpu_ns) {
    const auto used_ns = [] {
      timespec time{};
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
      return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    };
    const std::int64_t begin_ns = used_ns();
    while (used_ns() - begin_ns < cpu_ns) {
    }
  }

  Shared& shared_;
  std::vector<std::string> problems_{2};
};

Sampler sampler(FakeSource::Shared& shared, std::int64_t period_ns, std::optional<int> cpu = {},
                std::size_t most = 20'000) {
  return {std::make_unique<FakeSource>(shared),
          {.monitor = "fake", .period_ns = period_ns, .cpu = cpu, .most_samples = most}};
}

TEST(Sampler, GivesAnIntervalWithASampleOnEitherSide) {
  FakeSource::Shared shared;
  Sampler fake = sampler(shared, 1'000'000);
  std::this_thread::sleep_for(milliseconds(10));
  const std::int64_t from_ns = monotonic_now_ns();
  std::this_thread::sleep_for(milliseconds(20));
  const std::int64_t to_ns = monotonic_now_ns();
  const MonitorSamples samples = fake.take(from_ns, to_ns);
  EXPECT_EQ(samples.monitor, "fake");
  ASSERT_EQ(samples.series.size(), 2U);
  EXPECT_EQ(samples.series[1].device, "device-1");
  ASSERT_GE(samples.time_ns.size(), 4U);
  EXPECT_TRUE(std::ranges::is_sorted(samples.time_ns));
  EXPECT_LE(samples.time_ns[0], from_ns);
  EXPECT_GT(samples.time_ns[1], from_ns);
  EXPECT_GT(samples.time_ns.back(), to_ns);
  EXPECT_LE(samples.time_ns[samples.time_ns.size() - 2], to_ns);
  for (std::size_t i = 1; i < samples.time_ns.size(); ++i) {
    EXPECT_EQ(samples.series[0].values[i].value(), samples.series[0].values[i - 1].value() + 1);
  }
  EXPECT_GT(fake.sample_ns().value(), 0);
}

TEST(Sampler, WhatCannotBeReadIsMissingAndSaysWhy) {
  FakeSource::Shared shared;
  Sampler fake = sampler(shared, 1'000'000);
  const std::int64_t from_ns = monotonic_now_ns();
  std::this_thread::sleep_for(milliseconds(5));
  shared.fails = true;
  std::this_thread::sleep_for(milliseconds(5));
  MonitorSamples samples = fake.take(from_ns, monotonic_now_ns());
  EXPECT_EQ(samples.series[1].values.front(), 7);
  EXPECT_EQ(samples.series[1].values.back(), std::nullopt);
  EXPECT_EQ(samples.series[1].problem, "it is gone");
  EXPECT_FALSE(samples.series[0].problem);
  shared.fails = false;
  std::this_thread::sleep_for(milliseconds(5));
  static_cast<void>(fake.take(monotonic_now_ns(), monotonic_now_ns()));
  samples = fake.take(monotonic_now_ns(), monotonic_now_ns());
  EXPECT_FALSE(samples.series[1].problem) << "told once";
}

TEST(Sampler, ASlowReadingDelaysNobody) {
  FakeSource::Shared shared;
  shared.takes_ns = 300'000'000;
  Sampler fake = sampler(shared, 1'000'000);
  std::this_thread::sleep_for(milliseconds(20));
  const std::int64_t start_ns = monotonic_now_ns();
  const MonitorSamples samples = fake.take(start_ns, start_ns, 10'000'000);
  EXPECT_LT(monotonic_now_ns() - start_ns, 200'000'000);
  EXPECT_TRUE(samples.time_ns.empty());
}

TEST(Sampler, AReadingThatHangsIsLeftToItself) {
  // Not on the stack: the thread may outlive the test.
  static FakeSource::Shared shared;
  shared.takes_ns = 3'000'000'000;
  const std::int64_t start_ns = monotonic_now_ns();
  {
    const Sampler fake = sampler(shared, 1'000'000);
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LT(monotonic_now_ns() - start_ns, 2'500'000'000);
}

TEST(Sampler, KeepsABoundedNumber) {
  FakeSource::Shared shared;
  Sampler fake = sampler(shared, 100'000, {}, 16);
  const std::int64_t from_ns = monotonic_now_ns();
  std::this_thread::sleep_for(milliseconds(60));
  const MonitorSamples samples = fake.take(from_ns, monotonic_now_ns());
  EXPECT_LE(samples.time_ns.size(), 17U);
  EXPECT_GE(samples.time_ns.size(), 4U);
  // Over the whole interval, not its end alone.
  EXPECT_LT(samples.time_ns.front(), from_ns + 20'000'000);
}

TEST(Sampler, StaysOnItsProcessor) {
  // Each in turn: a thread that goes where it likes is not on all of them by chance.
  for (const int cpu : allowed_cpus()) {
    FakeSource::Shared shared;
    Sampler fake = sampler(shared, 1'000'000, cpu);
    std::this_thread::sleep_for(milliseconds(10));
    static_cast<void>(fake.take(monotonic_now_ns(), monotonic_now_ns()));
    EXPECT_EQ(shared.cpu, cpu);
    EXPECT_EQ(shared.allowed, 1);
  }
}

TEST(Sampler, CountsTheProcessorTimeOfASample) {
  FakeSource::Shared shared;
  shared.works_ns = 2'000'000;
  Sampler fake = sampler(shared, 5'000'000);
  while (shared.readings < 10) std::this_thread::sleep_for(milliseconds(1));
  const double sample_ns = fake.sample_ns().value();
  EXPECT_GE(sample_ns, 2e6);
  EXPECT_LT(sample_ns, 4e6) << "sleeping costs nothing";
}

}  // namespace
}  // namespace bv2
