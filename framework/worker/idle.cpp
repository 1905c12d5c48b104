// Whether this process is at rest.
#include "framework/worker/idle.h"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "base/clock.h"

namespace bv2 {
namespace {

/// The state letter of proc_pid_stat(5), which follows the name in parentheses; the name may contain any.
char state_of(const std::filesystem::path& task) {
  std::ifstream file(task / "stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end = line.rfind(") ");
  return end == std::string::npos || end + 2 >= line.size() ? '?' : line[end + 2];
}

}  // namespace

int running_threads(const std::filesystem::path& tasks) {
  const std::string own = std::to_string(::gettid());
  int running = 0;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    if (task.path().filename() != own && state_of(task.path()) == 'R') ++running;
  }
  return running;
}

void wait_until_idle(std::int64_t most_ns) {
  const std::int64_t end_ns = monotonic_now_ns() + most_ns;
  while (running_threads() > 0 && monotonic_now_ns() < end_ns) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace bv2
