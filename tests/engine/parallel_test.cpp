// Parallel regions: every task runs once, on the threads that it should.
#include "engine/parallel.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "support/targets.h"

namespace bv2::engine {
namespace {

TEST(Parallel, ATeamHasTheThreadsThatWereAskedForEachWithItsIndex) {
  for (const int threads : {1, 2, 5}) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(threads), 0);
    on_team(threads, [&](const TeamThread& thread) {
      counts[static_cast<std::size_t>(thread.index)] += thread.count;
    });
    EXPECT_EQ(counts, std::vector<std::int64_t>(static_cast<std::size_t>(threads), threads));
  }
}

TEST(Parallel, ARegionWithinARegionRunsOnItsCallerAlone) {
  std::atomic<std::int64_t> inner_threads = 0;
  on_team(3, [&](const TeamThread&) {
    on_team(4, [&](const TeamThread& thread) {
      EXPECT_EQ(thread.index, 0);
      inner_threads += thread.count;
    });
  });
  EXPECT_EQ(inner_threads, 3);
}

TEST(Parallel, SharedTasksAreTakenOnceEach) {
  for (const std::int64_t count : {0, 1, 2, 1000}) {
    std::vector<int> taken(static_cast<std::size_t>(count), 0);
    SharedTasks tasks(count);
    on_team(4, [&](const TeamThread&) {
      tasks.take([&](std::int64_t task) { ++taken[static_cast<std::size_t>(task)]; });
    });
    EXPECT_EQ(taken, std::vector<int>(static_cast<std::size_t>(count), 1));
  }
}

TEST(Parallel, WhatWasWrittenBeforeABarrierIsReadBehindIt) {
  constexpr std::int64_t threads = 4;
  constexpr std::int64_t rounds = 50;
  std::vector<std::int64_t> written(threads, 0);
  std::vector<std::int64_t> sums(threads, 0);
  on_team(threads, [&](const TeamThread& thread) {
    const auto index = static_cast<std::size_t>(thread.index);
    for (std::int64_t round = 0; round < rounds; ++round) {
      written[index] = round;
      team_barrier();
      sums[index] += std::accumulate(written.begin(), written.end(), std::int64_t{0});
      team_barrier();
    }
  });
  EXPECT_EQ(sums, std::vector<std::int64_t>(threads, threads * rounds * (rounds - 1) / 2));
}

TEST(Parallel, RangesCoverEverythingOnceAndBeginAtSteps) {
  for (const int threads : {1, 2, 3, 7}) {
    const test::ThreadCount team(threads);
    for (const std::int64_t count : {0, 1, 2, 5, 63, 64, 65, 1000}) {
      for (const std::int64_t step : {1, 8, 64}) {
        for (const std::int64_t grain : {1, 16, 500}) {
          std::vector<int> covered(static_cast<std::size_t>(count), 0);
          std::atomic<std::int64_t> ranges = 0;
          parallel_for(count, grain, step, [&](std::int64_t begin, std::int64_t end) {
            ++ranges;
            EXPECT_EQ(begin % step, 0);
            EXPECT_LT(begin, end);
            for (std::int64_t i = begin; i < end; ++i) ++covered[static_cast<std::size_t>(i)];
          });
          EXPECT_EQ(covered, std::vector<int>(static_cast<std::size_t>(count), 1))
              << count << " by " << step << " on " << threads;
          if (count < 2 * grain) {
            EXPECT_LE(ranges, 1) << count << " with a grain of " << grain;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace bv2::engine
