// Dependence of neighbours: known autoregressions, and what short series do not show.
#include "framework/autocorrelation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;

TEST(Autocorrelation, TooFewValuesSayNothing) {
  const auto result = autocorrelation_of(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_FALSE(result.lag1);
  EXPECT_EQ(result.block_length, 1U);
  EXPECT_EQ(result.variance_inflation, 1);
}

TEST(Autocorrelation, OfKnownAutoregressions) {
  Random random(1);
  for (const double rho : {0.0, 0.3, 0.6, 0.8}) {
    const auto result = autocorrelation_of(test::autocorrelated_series(4000, random, rho));
    // Spearman's correlation of a bivariate normal distribution with correlation rho.
    const double expected = 6 / std::numbers::pi * std::asin(rho / 2);
    EXPECT_NEAR(*result.lag1, expected, 0.05) << rho;
    EXPECT_EQ(result.significant, rho > 0) << rho;
    if (rho > 0) {
      EXPECT_NEAR(result.variance_inflation, (1 + rho) / (1 - rho), 0.2 * (1 + rho) / (1 - rho)) << rho;
    }
  }
}

TEST(Autocorrelation, IsUnbiasedInShortSeries) {
  Random random(2);
  for (const double rho : {0.0, 0.5}) {
    double sum = 0;
    constexpr int trials = 3000;
    for (int trial = 0; trial < trials; ++trial) {
      sum += *autocorrelation_of(test::autocorrelated_series(30, random, rho)).lag1;
    }
    EXPECT_NEAR(sum / trials, 6 / std::numbers::pi * std::asin(rho / 2), 0.03) << rho;
  }
}

TEST(Autocorrelation, OneOutlierNeitherHidesNorFeignsIt) {
  Random random(3);
  auto series = test::autocorrelated_series(200, random, 0.7);
  series[50] = 100;
  EXPECT_TRUE(autocorrelation_of(series).significant);
  auto independent = test::normal_series(200, random);
  independent[50] = independent[51] = 100;
  EXPECT_FALSE(autocorrelation_of(independent).significant);
}

TEST(Autocorrelation, AlternatingAndEqualValuesAreNoBlocks) {
  std::vector<double> alternating;
  for (int i = 0; i < 40; ++i) alternating.push_back(i % 2);
  EXPECT_LT(*autocorrelation_of(alternating).lag1, -0.9);
  EXPECT_EQ(autocorrelation_of(alternating).block_length, 1U);
  const auto equal = autocorrelation_of(std::vector<double>(40, 3.0));
  EXPECT_FALSE(equal.significant);
}

}  // namespace
}  // namespace bv2
