// How long each thread of this process ran.
#include "framework/trace/thread_times.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace bv2 {
namespace {

/// Of any thread of this process; Linux makes the clock's number from the thread's (clock_getcpuclockid does
/// it so for processes). The files below /proc lag behind by up to a tick.
std::int64_t cpu_time_ns(std::int64_t thread) {
  constexpr unsigned scheduler_clock_of_thread = 6;
  const auto clock =
      static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3U) | scheduler_clock_of_thread);
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return 0;  // it has ended
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::vector<ThreadTime> all_threads() {
  std::vector<ThreadTime> threads;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    const std::string id = task.path().filename().string();
    ThreadTime thread;
    if (std::from_chars(id.data(), id.data() + id.size(), thread.id).ec != std::errc()) continue;
    thread.cpu_ns = cpu_time_ns(thread.id);
    std::ifstream(task.path() / "comm") >> thread.name;
    threads.push_back(std::move(thread));
  }
  std::ranges::sort(threads, {}, &ThreadTime::id);
  return threads;
}

}  // namespace

void ThreadTimes::begin() { before_ = all_threads(); }

std::vector<ThreadTime> ThreadTimes::since_begin() const {
  std::vector<ThreadTime> now = all_threads();
  for (ThreadTime& thread : now) {
    const auto before = std::ranges::find(before_, thread.id, &ThreadTime::id);
    if (before != before_.end()) thread.cpu_ns -= before->cpu_ns;
  }
  return now;
}

}  // namespace bv2
