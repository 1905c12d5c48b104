// How much memory is left.
#include "framework/free_memory.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace bv2 {
namespace {

class FreeMemory : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_.path() / path).parent_path());
    folder_.write(path, text);
  }
  std::optional<std::int64_t> available() { return available_memory_bytes(folder_.path()); }
  test::TemporaryFolder folder_;
};

TEST_F(FreeMemory, IsWhatTheKernelThinks) {
  write("proc/meminfo", "MemTotal:  8000 kB\nMemFree:  100 kB\nMemAvailable:   4000 kB\n");
  EXPECT_EQ(available(), 4000 * 1024);
}

TEST_F(FreeMemory, IsWhatTheControlGroupLeaves) {
  write("proc/meminfo", "MemAvailable:   4000 kB\n");
  write("sys/fs/cgroup/memory.max", "2000000\n");
  write("sys/fs/cgroup/memory.current", "1500000\n");
  write("sys/fs/cgroup/memory.stat", "anon 5\ninactive_file 100000\n");
  EXPECT_EQ(available(), 600'000) << "files can be given up";
  write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(available(), 4000 * 1024);
}

TEST_F(FreeMemory, IsUnknownWhereTheSystemDoesNotTell) { EXPECT_EQ(available(), std::nullopt); }

TEST_F(FreeMemory, OfThisMachineIsPlausible) { EXPECT_GT(available_memory_bytes().value_or(1), 0); }

}  // namespace
}  // namespace bv2
