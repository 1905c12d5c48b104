// The line of latency against context: known lines, stalls, and intervals over iterations.
#include "framework/latency_fit.h"

#include <gtest/gtest.h>

#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;

std::vector<IterationValues> noisy_lines(std::size_t iterations, std::size_t tokens, Random& random,
                                         double deviation, double slope_deviation = 0) {
  std::normal_distribution<double> noise;
  std::vector<IterationValues> result(iterations);
  for (auto& iteration : result) {
    const double slope = 1e-6 * (1 + slope_deviation * noise(random));
    for (std::size_t i = 0; i < tokens; ++i) {
      iteration.push_back(0.005 + slope * static_cast<double>(100 + i) + deviation * noise(random));
    }
  }
  return result;
}

TEST(LatencyFit, OfAnExactLine) {
  Random random(1);
  for (const std::size_t tokens : {8U, 99U, 1000U, 4097U}) {
    const auto fit = fit_latency(noisy_lines(3, tokens, random, 0), 100);
    EXPECT_NEAR(*fit.intercept_seconds, 0.005, 1e-12) << tokens;
    EXPECT_NEAR(*fit.slope_seconds_per_token, 1e-6, 1e-14) << tokens;
  }
}

TEST(LatencyFit, StallsDoNotBendIt) {
  Random random(2);
  auto iterations = noisy_lines(5, 200, random, 1e-5);
  for (auto& iteration : iterations) {
    for (std::size_t i = 150; i < 190; ++i) iteration[i] += 0.05;
  }
  const auto fit = fit_latency(iterations, 100);
  EXPECT_NEAR(*fit.slope_seconds_per_token, 1e-6, 2e-7);
  EXPECT_NEAR(*fit.intercept_seconds, 0.005, 5e-5);
}

TEST(LatencyFit, TooFewTokensHaveNone) {
  Random random(3);
  EXPECT_FALSE(fit_latency(noisy_lines(5, 7, random, 0), 100).intercept_seconds);
  EXPECT_FALSE(fit_latency({}, 100).intercept_seconds);
  EXPECT_FALSE(fit_latency(noisy_lines(1, 50, random, 0), 100).slope_ci95);
}

TEST(LatencyFit, IntervalsCoverTheSlope) {
  Random random(4);
  constexpr int trials = 200;
  int covered = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const auto fit = fit_latency(noisy_lines(5, 60, random, 1e-5, 0.1), 100);
    covered += (*fit.slope_ci95)[0] <= 1e-6 && 1e-6 <= (*fit.slope_ci95)[1];
  }
  EXPECT_GE(covered, trials * 88 / 100);  // 93.75% of the range of five, less three standard deviations
}

}  // namespace
}  // namespace bv2
