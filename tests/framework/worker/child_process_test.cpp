// Where a child runs.
#include "framework/worker/child_process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/cpu_topology.h"

namespace bv2 {
namespace {

/// What it prints until its end.
std::string printed(ChildProcess& child) {
  std::string text;
  std::array<char, 4096> part{};
  for (pollfd wanted{child.output_fd(), POLLIN, 0}; ::poll(&wanted, 1, 10'000) > 0;) {
    const ssize_t bytes = ::read(child.output_fd(), part.data(), part.size());
    if (bytes <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(bytes));
  }
  return text;
}

std::string processors_of_child(std::optional<int> avoided_cpu) {
  ChildProcess child({"/bin/sh", "-c", "taskset -pc $$ | sed 's/.*: //'"}, 0, avoided_cpu);
  return printed(child);
}

TEST(ChildProcess, RunsOnTheProcessorsOfItsParent) {
  EXPECT_EQ(processors_of_child({}), processors_of_child(1 << 9)) << "one that there is not";
  EXPECT_FALSE(processors_of_child({}).empty());
}

TEST(ChildProcess, AvoidsAProcessorWhereThereIsAnother) {
  const std::vector<int> cpus = allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "there is one processor alone";
  EXPECT_NE(processors_of_child(cpus.back()), processors_of_child({}));
  if (cpus.size() > 2) return;
  EXPECT_EQ(processors_of_child(cpus[1]), std::to_string(cpus[0]) + "\n");
}

}  // namespace
}  // namespace bv2
