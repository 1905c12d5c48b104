// Ratios of series: worked examples, coverage, and what several launches add.
#include "framework/effect.h"

#include <gmock/gmock.h>

#include <cmath>

#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;
using test::Series;

TEST(Effect, OfFewRoundsIsThePairedTTest) {
  // Logarithms of the ratios: 0.1, 0.2, 0.3: mean 0.2, deviation 0.1, standard error 0.1 / sqrt(3).
  const Series base{1, 2, 3};
  const Series other{std::exp(0.1), 2 * std::exp(0.2), 3 * std::exp(0.3)};
  const auto effect = *paired_effect(base, other);
  EXPECT_NEAR(effect.log_ratio, 0.2, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.1 / std::sqrt(3), 1e-12);
  EXPECT_EQ(effect.degrees_of_freedom, 2);
  EXPECT_NEAR(effect.interval(0.95)[1], std::exp(0.2 + 4.30265 * 0.1 / std::sqrt(3)), 1e-5);
  // 80% of t with 2 degrees: 1.0607.
  EXPECT_NEAR(effect.detectable_ratio(0.95), std::exp((4.30265 + 1.06066) * 0.1 / std::sqrt(3)), 1e-4);
}

TEST(Effect, TrimsAndWinsorises) {
  // Yuen's example by hand: 1 to 9 and 100; trimmed mean of 3 to 8 is 5.5; winsorised 3 3 3 4 5 6 7 8 8 8:
  // mean 5.5, sum of squares 3 * 6.25 * 2 + 2 * (2.25 + 0.25) = 42.5.
  const Series ratios{6, 100, 2, 9, 4, 8, 1, 5, 3, 7};
  Series other;
  for (const double r : ratios) other.push_back(std::exp(r / 100));
  const auto effect = *paired_effect(Series(10, 1.0), other);
  EXPECT_NEAR(effect.log_ratio, 0.055, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.01 * std::sqrt(42.5 / 9 / 10) / 0.6, 1e-12);
  EXPECT_EQ(effect.degrees_of_freedom, 5);
}

TEST(Effect, WelchOfTwoLaunches) {
  // NIST-like by hand: logarithms 0 1 2 and 10 14: variances 1/3 and 4; degrees (1/3 + 4)^2 / (1/18 + 16).
  const LaunchSeries base{{1, std::exp(1.0), std::exp(2.0)}};
  const LaunchSeries other{{std::exp(10.0), std::exp(14.0)}};
  const auto effect = *unpaired_effect(base, other, 0);
  EXPECT_NEAR(effect.log_ratio, 11, 1e-12);
  EXPECT_NEAR(effect.standard_error, std::sqrt(1.0 / 3 + 4), 1e-12);
  EXPECT_NEAR(effect.degrees_of_freedom, std::pow(1.0 / 3 + 4, 2) / (1.0 / 18 + 16), 1e-9);
}

TEST(Effect, TooFewValuesHaveNone) {
  EXPECT_FALSE(paired_effect(Series{1}, Series{2}));
  EXPECT_FALSE(unpaired_effect({{1}}, {{1, 2}}));
  EXPECT_FALSE(unpaired_effect({}, {{1, 2}}));
}

TEST(Effect, OneLaunchIsNeverSurerThanItsNoise) {
  const LaunchSeries steady{Series(1000, 1.0)};
  EXPECT_NEAR(unpaired_effect(steady, steady, 0.01)->standard_error, 0.01 * std::sqrt(2), 1e-12);
}

TEST(Effect, LaunchesAreTheObservations) {
  const LaunchSeries base{{1.0, 1.0, 1.0}, {1.1, 1.1, 1.1}, {0.9, 0.9, 0.9}};
  const auto effect = *unpaired_effect(base, base);
  EXPECT_EQ(effect.log_ratio, 0);
  EXPECT_NEAR(effect.degrees_of_freedom, 4, 1e-9);  // two sides of 2
  EXPECT_GT(effect.standard_error, 0.05);
}

double paired_coverage(std::size_t count, double rho, double drift) {
  Random random(count);
  constexpr int trials = 2000;
  int covered = 0;
  for (int trial = 0; trial < trials; ++trial) {
    Series base = test::autocorrelated_series(count, random, rho);
    Series other = test::autocorrelated_series(count, random, rho);
    for (std::size_t i = 0; i < count; ++i) {
      const double level = 1 + drift * static_cast<double>(i);  // hits both
      base[i] *= level;
      other[i] *= 1.03 * level;
    }
    const auto interval = paired_effect(base, other)->interval(0.95);
    covered += interval[0] <= 1.03 && 1.03 <= interval[1];
  }
  return static_cast<double>(covered) / trials;
}

TEST(Effect, IntervalsOfPairsCover) {
  for (const std::size_t count : {3U, 5U, 10U, 30U, 100U}) {
    EXPECT_GE(paired_coverage(count, 0, 0.05), 0.93) << count;
    EXPECT_LE(paired_coverage(count, 0, 0.05), 0.98) << count;
  }
  EXPECT_GE(paired_coverage(100, 0.5, 0), 0.92);
}

}  // namespace
}  // namespace bv2
