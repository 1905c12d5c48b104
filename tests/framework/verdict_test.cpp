// Verdicts: the four words, the correction, and how often chance earns one.
#include "framework/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;
using test::Series;

Verdict verdict_of(double ratio, double standard_error, std::size_t comparisons = 1) {
  const Effect effect{std::log(ratio), standard_error, 1e6};  // normal: 95% is 1.96 standard errors
  return judge(effect, {.comparisons = comparisons}).verdict;
}

TEST(Verdict, FourWords) {
  EXPECT_EQ(verdict_of(1.05, 0.01), Verdict::slower);
  EXPECT_EQ(verdict_of(0.95, 0.01), Verdict::faster);
  EXPECT_EQ(verdict_of(1.00, 0.005), Verdict::equivalent);
  EXPECT_EQ(verdict_of(1.00, 0.02), Verdict::inconclusive);
  EXPECT_EQ(verdict_of(1.05, 0.03), Verdict::inconclusive);
}

TEST(Verdict, ADifferenceWithinTheMarginIsNotFasterOrSlowerHoweverSure) {
  EXPECT_EQ(verdict_of(1.015, 0.001), Verdict::equivalent);
  EXPECT_EQ(verdict_of(1.019, 0.002), Verdict::inconclusive);  // reaches beyond the margin
  EXPECT_EQ(verdict_of(0.985, 0.001), Verdict::equivalent);
}

TEST(Verdict, ManyComparisonsNeedMoreEvidence) {
  EXPECT_EQ(verdict_of(1.025, 0.01), Verdict::slower);            // 2.5 standard errors
  EXPECT_EQ(verdict_of(1.025, 0.01, 10), Verdict::inconclusive);  // 2.81 are needed
  EXPECT_DOUBLE_EQ(corrected_confidence({.comparisons = 10}), 0.995);
}

TEST(Verdict, NothingToJudgeIsInconclusive) {
  const auto judgement = judge(std::nullopt, {});
  EXPECT_EQ(judgement.verdict, Verdict::inconclusive);
  EXPECT_FALSE(judgement.ratio || judgement.interval || judgement.detectable_percent);
}

TEST(Verdict, TellsTheSmallestDifferenceItCouldHaveSeen) {
  const Effect effect{0, 0.01, 1e6};
  EXPECT_NEAR(*judge(effect, {}).detectable_percent, 100 * std::expm1(0.01 * (1.95996 + 0.84162)), 1e-3);
}

/// Share of simulated comparisons of 30 interleaved iterations with that verdict.
double share_of(Verdict verdict, double true_ratio, double deviation) {
  Random random(1);
  constexpr int trials = 1000;
  int found = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Series base = test::log_normal_series(30, random, deviation);
    Series other = test::log_normal_series(30, random, deviation);
    for (double& value : other) value *= true_ratio;
    found += judge(paired_effect(base, other), {}).verdict == verdict;
  }
  return static_cast<double>(found) / trials;
}

TEST(Verdict, ChanceSeldomEarnsOne) {
  for (const double deviation : {0.005, 0.02, 0.05, 0.2}) {
    EXPECT_LE(share_of(Verdict::slower, 1, deviation) + share_of(Verdict::faster, 1, deviation), 0.05)
        << deviation;
  }
}

TEST(Verdict, ThreePercentAreFound) {
  EXPECT_GE(share_of(Verdict::slower, 1.03, 0.01), 0.95);
  EXPECT_GE(share_of(Verdict::faster, 1 / 1.03, 0.01), 0.95);
}

}  // namespace
}  // namespace bv2
