// Whether this process is at rest.
#include "framework/worker/idle.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

TEST(Idle, ReadsTheStateBehindANameOfAnything) {
  const test::TemporaryFolder tasks;
  for (const char* task : {"1", "2", "3"}) std::filesystem::create_directories(tasks.path() / task);
  tasks.write("1/stat", "1 (a) R b) S 0 0");
  tasks.write("2/stat", "2 (spinning) R 0 0");
  tasks.write("3/stat", "");
  EXPECT_EQ(running_threads(tasks.path()), 1);
}

TEST(Idle, WaitsForAThreadThatSpinsButNotForEver) {
  std::atomic<bool> stop{false};
  std::thread spinning([&] {
    while (!stop) {
    }
  });
  while (running_threads() == 0) std::this_thread::yield();
  const std::int64_t start_ns = monotonic_now_ns();
  wait_until_idle(20'000'000);
  EXPECT_GE(monotonic_now_ns() - start_ns, 20'000'000);
  stop = true;
  spinning.join();
  EXPECT_EQ(running_threads(), 0);
}

}  // namespace
}  // namespace bv2
