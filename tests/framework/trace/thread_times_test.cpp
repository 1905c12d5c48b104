// The processor time of this process's threads.
#include "framework/trace/thread_times.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <thread>

namespace bv2 {
namespace {

std::int64_t own_cpu_time_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void work_until(std::int64_t cpu_ns) {
  while (own_cpu_time_ns() < cpu_ns) {
  }
}

TEST(ThreadTimes, GiveEachThreadWhatItRan) {
  constexpr std::int64_t worked_ns = 20'000'000;
  std::atomic<std::int64_t> worker = 0;
  std::atomic<int> stage = 0;
  std::thread thread([&] {
    worker = ::gettid();
    stage = 1;
    stage.wait(1);
    work_until(own_cpu_time_ns() + worked_ns);
    stage = 3;
    stage.notify_all();
    stage.wait(3);
  });
  while (stage != 1) std::this_thread::yield();
  ThreadTimes times;
  times.begin();
  const std::int64_t own_before_ns = own_cpu_time_ns();
  stage = 2;
  stage.notify_all();
  while (stage != 3) stage.wait(2);
  const auto threads = times.since_begin();
  const std::int64_t own_ns = own_cpu_time_ns() - own_before_ns;
  stage = 4;
  stage.notify_all();
  thread.join();
  const auto of = [&](std::int64_t id) {
    const auto found = std::ranges::find(threads, id, &ThreadTime::id);
    return found == threads.end() ? -1 : found->cpu_ns;
  };
  EXPECT_GE(of(worker), worked_ns);
  // What this thread ran in between, and what begin() and since_begin() themselves take.
  EXPECT_GE(of(::gettid()), 0);
  EXPECT_LE(of(::gettid()), own_ns + worked_ns / 2);
}

}  // namespace
}  // namespace bv2
