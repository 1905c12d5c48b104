// Inter-token latency over tokens: percentiles, stalls and their time.
#include "framework/token_latency.h"

#include <gtest/gtest.h>

#include <array>

#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;

LaunchValues steady_launch(std::size_t iterations, std::size_t tokens, Random& random) {
  LaunchValues launch;
  for (std::size_t i = 0; i < iterations; ++i) {
    launch.push_back(test::normal_series(tokens, random, 0.005, 0.0001));
  }
  return launch;
}

TEST(TokenLatency, OfNothing) {
  const auto result = token_latency({}, 10);
  EXPECT_EQ(result.count, 0U);
  EXPECT_TRUE(result.percentiles.empty());
  EXPECT_EQ(token_latency(std::array{LaunchValues{{}, {}}}, 10).count, 0U);
}

TEST(TokenLatency, PercentilesOfAllTokensTogether) {
  LaunchValues launch{{}, {}};
  for (int i = 0; i < 200; ++i) launch[static_cast<std::size_t>(i % 2)].push_back(1 + 0.01 * i);
  const auto result = token_latency(std::array{launch}, 10);
  EXPECT_EQ(result.count, 200U);
  ASSERT_EQ(result.percentiles.size(), 7U);
  EXPECT_EQ(result.percentiles[1].first, "p50");
  EXPECT_NEAR(*result.percentiles[1].second, 1 + 0.01 * 99.5, 1e-12);
  EXPECT_NEAR(*result.percentiles[5].second, 1 + 0.01 * 199 * 0.99, 1e-12);
  EXPECT_EQ(result.percentiles[6].first, "p99.9");
  EXPECT_FALSE(result.percentiles[6].second);  // needs 1,000
  EXPECT_NEAR(*result.max, 2.99, 1e-12);
}

TEST(TokenLatency, StallsAreCountedAndTimed) {
  Random random(1);
  auto launch = steady_launch(5, 99, random);
  launch[1][40] = 0.025;
  launch[4][0] = 0.045;
  const auto result = token_latency(std::array{launch}, 10);
  EXPECT_EQ(result.stall_count, 2U);
  EXPECT_NEAR(result.stall_seconds, 0.060, 0.001);
  ASSERT_EQ(result.stalls.size(), 2U);
  EXPECT_EQ(result.stalls[0].iteration, 4);
  EXPECT_EQ(result.stalls[0].token, 1);
  EXPECT_EQ(result.stalls[1].iteration, 1);
  EXPECT_EQ(result.stalls[1].token, 41);
  EXPECT_EQ(result.stalls[1].seconds, 0.025);
}

TEST(TokenLatency, ASteadySeriesHasNoStallsAlsoWhereItGrows) {
  Random random(2);
  auto launch = steady_launch(5, 400, random);
  for (auto& iteration : launch) {
    for (std::size_t i = 0; i < iteration.size(); ++i) iteration[i] += 5e-5 * static_cast<double>(i);
  }
  EXPECT_EQ(token_latency(std::array{launch}, 10).stall_count, 0U);
}

TEST(TokenLatency, TellsTheLongestStallsOnly) {
  Random random(3);
  auto launch = steady_launch(5, 500, random);
  for (std::size_t i = 0; i < 50; ++i) launch[0][10 * i] = 0.02 + 0.001 * static_cast<double>(i);
  const auto result = token_latency(std::array{launch}, 10);
  EXPECT_EQ(result.stall_count, 50U);
  ASSERT_EQ(result.stalls.size(), 20U);
  EXPECT_EQ(result.stalls.front().token, 491);
}

TEST(TokenLatency, IntervalsAreOfIterations) {
  Random random(4);
  const auto result = token_latency(std::array{steady_launch(5, 99, random)}, 10);
  for (std::size_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(result.percentile_ci95[i].second) << i;
    const Interval interval = *result.percentile_ci95[i].second;
    EXPECT_LE(interval[0], *result.percentiles[i].second);
    EXPECT_GE(interval[1], *result.percentiles[i].second);
  }
  EXPECT_FALSE(token_latency(std::array{steady_launch(1, 99, random)}, 10).percentile_ci95[1].second);
}

}  // namespace
}  // namespace bv2
