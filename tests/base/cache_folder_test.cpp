// The folder for what is kept follows the environment.
#include "base/cache_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/error.h"

namespace bv2 {
namespace {

TEST(CacheFolder, FollowsTheEnvironment) {
  ::setenv("HOME", "/home/somebody", 1);
  ::unsetenv("XDG_CACHE_HOME");
  ::unsetenv("BV2_CACHE_DIR");
  EXPECT_EQ(default_cache_folder(), "/home/somebody/.cache/benchmark_v2");
  ::setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(default_cache_folder(), "/caches/benchmark_v2");
  ::setenv("BV2_CACHE_DIR", "/own", 1);
  EXPECT_EQ(default_cache_folder(), "/own");
  ::setenv("BV2_CACHE_DIR", "", 1);
  EXPECT_EQ(default_cache_folder(), "/caches/benchmark_v2");
  ::unsetenv("XDG_CACHE_HOME");
  ::unsetenv("HOME");
  EXPECT_THROW(default_cache_folder(), UsageError);
}

}  // namespace
}  // namespace bv2
