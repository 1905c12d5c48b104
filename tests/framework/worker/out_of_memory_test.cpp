// Whether the kernel killed for want of memory.
#include "framework/worker/out_of_memory.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace bv2 {
namespace {

TEST(OutOfMemoryKills, AreWhatTheKernelCounts) {
  const test::TemporaryFolder root;
  std::filesystem::create_directories(root.path() / "proc");
  std::filesystem::create_directories(root.path() / "sys/fs/cgroup");
  const OutOfMemoryKills unknown = read_out_of_memory_kills(root.path());
  root.write("proc/vmstat", "pgfault 12\noom_kill 3\nnr_dirty 1\n");
  root.write("sys/fs/cgroup/memory.events", "low 0\noom 2\noom_kill 1\n");
  const OutOfMemoryKills before = read_out_of_memory_kills(root.path());
  EXPECT_EQ(before.machine, 3);
  EXPECT_EQ(before.control_group, 1);
  EXPECT_FALSE(killed_between(before, before));
  EXPECT_FALSE(killed_between(unknown, unknown));
  root.write("sys/fs/cgroup/memory.events", "oom_kill 2\n");
  EXPECT_TRUE(killed_between(before, read_out_of_memory_kills(root.path())));
}

}  // namespace
}  // namespace bv2
