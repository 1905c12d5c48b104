// Divergences by hand, and generations that part from their reference.
#include "framework/output_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace bv2 {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Ids = std::vector<std::int64_t>;
using Logits = std::vector<float>;

TEST(KlDivergence, OfTwoCoins) {
  // Probabilities 1/2, 1/2 against 1/4, 3/4.
  const Logits fair{0, 0};
  const Logits biased{0, std::log(3.0F)};
  EXPECT_NEAR(kl_divergence(fair, biased), 0.5 * std::log(0.5 / 0.25) + 0.5 * std::log(0.5 / 0.75), 1e-7);
  EXPECT_EQ(kl_divergence(fair, fair), 0);
  const Logits shifted{100, 100};
  EXPECT_NEAR(kl_divergence(fair, shifted), 0, 1e-12) << "only differences of logits matter";
  const Logits large{1000, -1000};
  EXPECT_NEAR(kl_divergence(large, large), 0, 1e-12);
}

TEST(KlDivergence, IsBoundedByTheToleranceOfTheLogits) {
  // The worst case of Hoeffding's lemma: half of the mass up, half down by b.
  const double b = 0.1;
  const Logits reference{0, 0};
  const Logits found{static_cast<float>(b), static_cast<float>(-b)};
  const double bound = kl_divergence_bound({.absolute = b, .relative = 0}, reference);
  EXPECT_DOUBLE_EQ(bound, b * b / 2);
  EXPECT_LE(kl_divergence(reference, found), bound);
  EXPECT_GE(kl_divergence(reference, found), 0.95 * bound) << "the bound is tight";
  const Logits with_large{-50, 3};
  EXPECT_DOUBLE_EQ(kl_divergence_bound({.absolute = 1e-4, .relative = 1e-4}, with_large), 5e-3 * 5e-3 / 2);
}

/// Two sequences, two new tokens, three ids.
Reference reference() {
  Reference reference;
  reference.input = {.batch = 2, .tokens = 1, .ids = {0, 0}};
  reference.new_tokens = 2;
  reference.generated_ids = {2, 1, 0, 2};
  reference.step_logits = {0, 1, 2, 0, 3, 1, /**/ 5, 1, 0, 0, 0, 1};
  return reference;
}
const Logits first{0, 1, 2, 5, 1, 0};
const Logits second{0, 3, 1, 0, 0, 1};
constexpr OutputTolerance tolerance{.absolute = 0.1, .relative = 0};

TEST(ChosenTokens, AreTheReferencesUpToATie) {
  const ChosenTokens chosen(reference(), 0.5, 2);
  EXPECT_FALSE(chosen.fault(Ids{2, 1}));
  EXPECT_FALSE(chosen.fault(Ids{2, 1, 0, 0})) << "beyond the reference nothing is known";
  EXPECT_FALSE(chosen.fault(Ids{2}));
  EXPECT_EQ(chosen.fault(Ids{1, 1}), "token 0 of sequence 0 is 1, the reference 2");
  EXPECT_EQ(chosen.fault(Ids{2, 7}), "token 1 of sequence 0 is 7, the reference 1");
  const ChosenTokens with_ties(reference(), 1, 2);
  EXPECT_FALSE(with_ties.fault(Ids{1, 0})) << "logits 1 and 2; what follows has another context";
  EXPECT_TRUE(with_ties.fault(Ids{0, 1}));
  EXPECT_TRUE(with_ties.fault(Ids{2, 2})) << "logits 1 and 3";
}

class GreedyComparisonTest : public testing::Test {
 protected:
  GreedyOutcome compare(const Logits& first_logits, const Ids& first_ids, const Logits& second_logits,
                        const Ids& second_ids) {
    GreedyComparison comparison(reference_, tolerance, 0.2);
    EXPECT_TRUE(comparison.wants_logits());
    comparison.on_logits(first_logits);
    comparison.on_tokens(first_ids);
    comparison.on_logits(second_logits);
    comparison.on_tokens(second_ids);
    return comparison.finish();
  }
  Reference reference_ = reference();
};

TEST_F(GreedyComparisonTest, PassesWhatAgrees) {
  const GreedyOutcome outcome = compare(first, {2, 0}, second, {1, 2});
  EXPECT_TRUE(outcome.passed);
  EXPECT_THAT(outcome.remark, IsEmpty());
  EXPECT_EQ(outcome.new_tokens, 2);
  EXPECT_EQ(outcome.max_abs_logit_difference, 0);
  EXPECT_NEAR(*outcome.max_kl_divergence, 0, 1e-12);
  EXPECT_EQ(outcome.first_divergent_token, std::nullopt);
}

TEST_F(GreedyComparisonTest, FailsALogitBeyondTheTolerance) {
  Logits off = second;
  off[4] = -0.25F;
  const GreedyOutcome outcome = compare(first, {2, 0}, off, {1, 2});
  EXPECT_FALSE(outcome.passed);
  EXPECT_DOUBLE_EQ(*outcome.max_abs_logit_difference, 0.25);
  EXPECT_THAT(outcome.remark,
              HasSubstr("the logit of token id 1 is -0.25, the reference 0 (new token 1, sequence 1"));
  off[4] = 0.09F;
  EXPECT_TRUE(compare(first, {2, 0}, off, {1, 2}).passed);
}

TEST_F(GreedyComparisonTest, NeverPassesWhatIsNotANumber) {
  for (const float wrong :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Logits off = first;
    off[0] = wrong;
    const GreedyOutcome outcome = compare(off, {2, 0}, second, {1, 2});
    EXPECT_FALSE(outcome.passed);
    EXPECT_FALSE(std::isfinite(*outcome.max_abs_logit_difference)) << "later ones hide it not";
  }
}

TEST_F(GreedyComparisonTest, WhatFollowsADivergenceIsNotCompared) {
  reference_.step_logits[0] = 1.95F;  // sequence 0, new token 0: id 0 nearly as good as id 2
  Logits near_tie = first;
  near_tie[0] = 2.04F;
  Logits elsewhere = second;
  elsewhere[0] = 77;
  const GreedyOutcome outcome = compare(near_tie, {0, 0}, elsewhere, {0, 2});
  EXPECT_TRUE(outcome.passed) << outcome.remark;
  EXPECT_EQ(outcome.first_divergent_token, 0);
  EXPECT_THAT(outcome.remark, HasSubstr("a tie in this dtype"));
  EXPECT_LT(*outcome.max_abs_logit_difference, 0.1);
}

TEST_F(GreedyComparisonTest, FailsAnIdThatItsOwnLogitsDoNotExcuse) {
  const GreedyOutcome outcome = compare(first, {2, 1}, second, {1, 2});
  EXPECT_TRUE(outcome.passed) << "id 1 is below id 0 in the session's own logits";
  const GreedyOutcome other = compare({0, 1, 2, 5, 5.3F, 0}, {2, 1}, second, {1, 2});
  EXPECT_FALSE(other.passed);
}

TEST_F(GreedyComparisonTest, RefusesOtherNumbers) {
  GreedyComparison comparison(reference_, tolerance, 0.2);
  EXPECT_THROW(comparison.on_logits(Logits{1, 2}), Error);
  EXPECT_THROW(comparison.on_tokens(Ids{1}), Error);
  EXPECT_THROW(comparison.finish(), Error) << "tokens are missing";
}

TEST_F(GreedyComparisonTest, WithoutStepLogitsOnlyIdsAreCompared) {
  reference_.step_logits.clear();
  const GreedyOutcome outcome = compare({9, 9, 9, 9, 9, 9}, {2, 0}, second, {1, 2});
  EXPECT_TRUE(outcome.passed);
  EXPECT_EQ(outcome.max_abs_logit_difference, std::nullopt);
  EXPECT_EQ(outcome.max_kl_divergence, std::nullopt);
}

}  // namespace
}  // namespace bv2
