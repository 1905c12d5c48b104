// High-water marks of memory by phase.
#include "framework/memory_usage.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "support/sanitizers.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

constexpr std::size_t block_bytes = std::size_t{64} << 20U;

/// Touches that much memory and gives it back.
void use_memory() {
  void* block = ::mmap(nullptr, block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, block_bytes);
  ::munmap(block, block_bytes);
}

TEST(PeakMemory, SeesWhatWasUsedAndForgetsItAtReset) {
  if (test::pages_have_shadows) GTEST_SKIP() << "the sanitizer's memory is counted too";
  const PeakMemory memory;
  if (!memory.reset()) GTEST_SKIP() << "the kernel does not let this process reset its mark";
  const std::int64_t before_bytes = memory.read().peak.value();
  use_memory();
  // The kernel batches its counters by some pages a thread.
  constexpr std::int64_t slack_bytes = std::int64_t{4} << 20U;
  const auto used_bytes = static_cast<std::int64_t>(block_bytes);
  EXPECT_GE(memory.read().peak.value(), before_bytes + used_bytes - slack_bytes);
  EXPECT_LE(memory.read().peak.value(), before_bytes + used_bytes + slack_bytes);
  ASSERT_TRUE(memory.reset());
  EXPECT_LE(memory.read().peak.value(), before_bytes + slack_bytes);
}

TEST(PeakMemory, ReadsTheFieldsOfAProcess) {
  const test::TemporaryFolder process;
  process.write(
      "status",
      "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nRssAnon:\t     1000 kB\nRssFile:\t 24 kB\n");
  const MemoryUsage usage = PeakMemory(process.path()).read();
  EXPECT_EQ(usage.peak, 2048 * 1024);
  EXPECT_EQ(usage.anonymous, 1000 * 1024);
  EXPECT_EQ(usage.file_backed, 24 * 1024);
}

TEST(PeakMemory, TellsAnonymousFromFileBacked) {
  if (test::pages_have_shadows) GTEST_SKIP() << "the sanitizer's memory is counted too";
  const PeakMemory memory;
  const MemoryUsage before = memory.read();
  constexpr std::int64_t slack_bytes = std::int64_t{4} << 20U;
  const auto used_bytes = static_cast<std::int64_t>(block_bytes);
  void* block = ::mmap(nullptr, block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, block_bytes);
  const MemoryUsage after = memory.read();
  ::munmap(block, block_bytes);
  EXPECT_NEAR(static_cast<double>(*after.anonymous - *before.anonymous), static_cast<double>(used_bytes),
              static_cast<double>(slack_bytes));
  EXPECT_LT(std::abs(*after.file_backed - *before.file_backed), slack_bytes);
}

TEST(PeakMemory, IsMissingWhereTheKernelDoesNotTell) {
  const test::TemporaryFolder process;
  const PeakMemory memory(process.path() / "none");
  EXPECT_FALSE(memory.reset());
  EXPECT_FALSE(memory.read().peak);
  process.write("status", "VmHWM: a lot\n");
  EXPECT_FALSE(PeakMemory(process.path()).read().peak);
}

}  // namespace
}  // namespace bv2
