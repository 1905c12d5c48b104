// The size of a timed pass, found on machines that disturb it.
#include "engine/limits/pass_size.h"

#include <gtest/gtest.h>

namespace bv2::engine {
namespace {

constexpr double least_seconds = 1e-3;

/// What a pass takes whose repetition takes `seconds`, with so long a wait for a processor.
PassTime pass_of(const PassSize& size, double seconds, double waiting = 0) {
  const double cpu_seconds = static_cast<double>(size.times()) * seconds;
  return {.wall_seconds = cpu_seconds + waiting, .cpu_seconds = cpu_seconds};
}

TEST(PassSize, OnePassOfSomethingLongCounts) {
  PassSize size(least_seconds);
  EXPECT_TRUE(size.counts(pass_of(size, 0.02)));
  EXPECT_EQ(size.times(), 1);
}

TEST(PassSize, GrowsUntilAPassIsLongEnough) {
  PassSize size(least_seconds);
  int passes = 0;
  while (!size.counts(pass_of(size, 1e-6))) ASSERT_LT(++passes, 5);
  EXPECT_GE(size.times(), 1000);
  EXPECT_LE(size.times(), 3000);
}

TEST(PassSize, WaitingForAProcessorIsNoWork) {
  PassSize size(least_seconds);
  const PassTime disturbed = pass_of(size, 1e-5, 0.004);  // 4 ms on the wall, 10 us of reading
  EXPECT_FALSE(PassSize::undisturbed(disturbed));
  EXPECT_FALSE(size.counts(disturbed)) << "as if one read took 4 ms: 0.1 GB/s where it is 25";
  EXPECT_GE(size.times(), 100);
  EXPECT_TRUE(size.counts(pass_of(size, 1e-5)));
}

TEST(PassSize, GrowsAtLeastTwiceAndAtMostAHundredTimes) {
  PassSize size(least_seconds);
  EXPECT_FALSE(size.counts({.wall_seconds = 0, .cpu_seconds = 0}));
  EXPECT_EQ(size.times(), 100);
  EXPECT_FALSE(size.counts({.wall_seconds = 1e-3, .cpu_seconds = 0.99e-3}));
  EXPECT_EQ(size.times(), 200) << "at least twice as long";
}

}  // namespace
}  // namespace bv2::engine
