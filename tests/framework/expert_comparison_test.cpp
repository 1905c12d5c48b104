// Choices of experts: nearly equal ones may be others, and nothing else.
#include "framework/expert_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2::test {
namespace {

using testing::HasSubstr;

using Ids = std::vector<std::int64_t>;
using Logits = std::vector<float>;

/// Two sequences of two tokens and two new ones; two mixtures of three experts, of which one is chosen.
Reference reference() {
  Reference reference;
  reference.input = {.batch = 2, .tokens = 2, .ids = {0, 1, 2, 3}};
  reference.new_tokens = 2;
  reference.generated_ids = {0, 1, 2, 3};
  const Logits clear{2, 0, -2, /**/ 0, 2, -2, /**/ 2, 0, -2, /**/ -2, 0, 2, /**/ 2, 0, -2, /**/ 2, 0, -2};
  RouterRecord router{.experts = 3, .chosen = 1, .logits = clear, .ids = {0, 1, 0, 2, 0, 0}};
  reference.routers = {router, router};
  return reference;
}

class ExpertComparisonTest : public testing::Test {
 protected:
  /// Shows a forward of the prompt and then one of a new token, in which mixture, row and expert of the
  /// logits are as they are in `shown_`.
  ExpertOutcome run(Dtype dtype = Dtype::bfloat16) {
    ExpertComparison comparison(reference_, dtype, 2, nullptr);
    show(comparison, 0, 4);
    show(comparison, 4, 6);
    return comparison.finish(2);
  }

  void show(ExpertComparison& comparison, std::int64_t begin, std::int64_t end) {
    const ExpertWatch watch = comparison.watch();
    for (std::size_t mixture = 0; mixture < shown_.size(); ++mixture) {
      RouterRecord& router = shown_[mixture];
      const auto rows = static_cast<std::size_t>(end - begin);
      const auto first = static_cast<std::size_t>(begin);
      watch({.mixture = static_cast<std::int64_t>(mixture),
             .experts = router.experts,
             .chosen = router.chosen,
             .logits = std::span(router.logits).subspan(first * 3, rows * 3),
             .ids = std::span(router.ids).subspan(first, rows)});
    }
  }

  /// Two experts of a row of the second mixture, so far apart in the reference; the session takes the other.
  void choose_other(std::size_t row, float apart) {
    reference_.routers[1].ids[row] = 0;
    reference_.routers[1].logits[row * 3] = 1;
    reference_.routers[1].logits[row * 3 + 1] = 1 - apart;
    shown_[1].logits = reference_.routers[1].logits;
    shown_[1].ids[row] = 1;
  }

  Reference reference_ = reference();
  std::vector<RouterRecord> shown_ = reference_.routers;
};

TEST_F(ExpertComparisonTest, PassesTheSameChoices) {
  const ExpertOutcome outcome = run(Dtype::float32);
  EXPECT_TRUE(outcome.passed) << outcome.remark;
  EXPECT_EQ(outcome.choices, 12);
  EXPECT_EQ(outcome.ties, 0);
  EXPECT_EQ(outcome.max_abs_logit_difference, 0);
}

TEST_F(ExpertComparisonTest, TakesTheReferencesExpertsInATie) {
  choose_other(3, 0.01F);
  const ExpertOutcome outcome = run();
  EXPECT_TRUE(outcome.passed) << outcome.remark;
  EXPECT_EQ(outcome.ties, 1);
  EXPECT_EQ(shown_[1].ids, reference_.routers[1].ids) << "what runs";
}

TEST_F(ExpertComparisonTest, FailsAChoiceThatRoundingDoesNotExplain) {
  choose_other(5, 0.8F);  // twice the bound is 0.24
  const ExpertOutcome outcome = run();
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.remark,
              HasSubstr("expert 1 was chosen, which the reference puts 0.8 below its last one"));
  EXPECT_THAT(outcome.remark, HasSubstr("in mixture 1, position 2 of sequence 1"));
}

TEST_F(ExpertComparisonTest, ATieOfAShortDtypeIsNoneInFloat32) {
  choose_other(3, 0.01F);
  EXPECT_FALSE(run(Dtype::float32).passed);
}

TEST_F(ExpertComparisonTest, FailsALogitBeyondTheBound) {
  shown_[0].logits[3 * 2 + 1] += 0.05F;
  EXPECT_TRUE(run().passed);
  shown_ = reference_.routers;
  shown_[0].logits[3 * 2 + 1] += 0.5F;
  const ExpertOutcome outcome = run();
  EXPECT_FALSE(outcome.passed);
  EXPECT_NEAR(outcome.max_abs_logit_difference, 0.5, 1e-6);
  EXPECT_THAT(outcome.remark, HasSubstr("the router's logit of expert 1 is 0.5, the reference 0 (allowed"));
}

TEST_F(ExpertComparisonTest, NeverPassesWhatIsNotANumber) {
  shown_[0].logits[0] = std::numeric_limits<float>::quiet_NaN();
  const ExpertOutcome outcome = run();
  EXPECT_FALSE(outcome.passed);
  EXPECT_TRUE(std::isnan(outcome.max_abs_logit_difference)) << "later values hide it not";
}

TEST_F(ExpertComparisonTest, FailsExpertsThatAreNone) {
  shown_[0].ids[1] = 3;
  EXPECT_THAT(run().remark, HasSubstr("the chosen experts are not 1 of 3"));
}

TEST_F(ExpertComparisonTest, TheOrderOfAChoiceIsTheSessions) {
  for (auto* routers : {&reference_.routers, &shown_}) {
    for (RouterRecord& router : *routers) {
      router.chosen = 3;
      router.ids = routers == &shown_ ? Ids{2, 1, 0} : Ids{0, 1, 2};
      router.logits.resize(3);
    }
  }
  reference_.input = {.batch = 1, .tokens = 1, .ids = {0}};
  ExpertComparison comparison(reference_, Dtype::bfloat16, 2, nullptr);
  for (std::int64_t mixture = 0; mixture < 2; ++mixture) {
    RouterRecord& router = shown_[static_cast<std::size_t>(mixture)];
    comparison.watch()(
        {.mixture = mixture, .experts = 3, .chosen = 3, .logits = router.logits, .ids = router.ids});
  }
  EXPECT_EQ(comparison.finish(1).ties, 0);
  EXPECT_EQ(shown_[0].ids, (Ids{2, 1, 0}));
}

TEST_F(ExpertComparisonTest, WhatStandsAtPaddingIsNotCompared) {
  reference_.input.padding = {0, 1};
  shown_[0].logits[2 * 3] = 100;  // position 0 of sequence 1
  shown_[0].ids[2] = 2;
  const ExpertOutcome outcome = run();
  EXPECT_TRUE(outcome.passed) << outcome.remark;
  EXPECT_EQ(outcome.choices, 10);
  EXPECT_EQ(shown_[0].ids[2], 2) << "nor changed";
}

TEST_F(ExpertComparisonTest, EveryChoiceHasToBeShown) {
  ExpertComparison comparison(reference_, Dtype::bfloat16, 2, nullptr);
  show(comparison, 0, 4);
  EXPECT_EQ(comparison.finish(0).choices, 8) << "a forward of the prompt";
  EXPECT_EQ(comparison.finish(1).choices, 8) << "whose last token gives a new one";
  EXPECT_THAT(error_text([&] { (void)comparison.finish(2); }),
              HasSubstr("mixture 0 showed 4 choices of experts instead of 6"));
  show(comparison, 4, 6);
  EXPECT_THAT(error_text([&] { show(comparison, 4, 6); }), HasSubstr("for more tokens than"));
}

TEST_F(ExpertComparisonTest, ASequenceWhoseIdsHavePartedHasAnotherContext) {
  GreedyComparison generation(reference_, {.absolute = 0.1, .relative = 0}, 0.2);
  ExpertComparison comparison(reference_, Dtype::bfloat16, 2, &generation);
  show(comparison, 0, 4);
  generation.on_logits(Logits{0, 0, 0, 0, 0, 0, 0, 0});
  generation.on_tokens(Ids{0, 3});  // sequence 1 should go on with 2
  shown_[1].logits[5 * 3] = 100;
  shown_[1].ids[5] = 2;
  show(comparison, 4, 6);
  const ExpertOutcome outcome = comparison.finish(2);
  EXPECT_TRUE(outcome.passed) << outcome.remark;
  EXPECT_EQ(outcome.choices, 10);
  EXPECT_EQ(shown_[1].ids[5], 2) << "it goes its own way";
}

TEST_F(ExpertComparisonTest, AnotherModelIsAnError) {
  shown_.push_back(shown_[0]);
  EXPECT_THAT(error_text([&] { (void)run(); }), HasSubstr("more mixtures of experts than the reference"));
  shown_ = reference_.routers;
  shown_[1].experts = 4;
  EXPECT_THAT(error_text([&] { (void)run(); }),
              HasSubstr("mixture 1 chooses 1 of 4 experts, in the reference 1 of 3"));
}

TEST_F(ExpertComparisonTest, KnowsTheTokensThatNoTieDecides) {
  EXPECT_EQ(ExpertComparison(reference_, Dtype::bfloat16, 2, nullptr).clear_tokens(), 2);
  const auto clear_after = [&](std::size_t row) {
    reference_ = reference();
    choose_other(row, 0.01F);
    return ExpertComparison(reference_, Dtype::bfloat16, 2, nullptr).clear_tokens();
  };
  EXPECT_EQ(clear_after(4), 1) << "position 2 of sequence 0 comes after the first token";
  EXPECT_EQ(clear_after(1), 0) << "and position 1 before it";
  EXPECT_EQ(clear_after(2), 2) << "sequence 1 has a context of its own";
  EXPECT_EQ(ExpertComparison(reference_, Dtype::float32, 2, nullptr).clear_tokens(), 2);
}

TEST_F(ExpertComparisonTest, WithoutRoutersNobodyWatches) {
  reference_.routers.clear();
  ExpertComparison comparison(reference_, Dtype::bfloat16, 2, nullptr);
  EXPECT_FALSE(comparison.watch());
  EXPECT_EQ(comparison.finish(2).choices, 0);
  EXPECT_EQ(comparison.clear_tokens(), 2);
}

TEST_F(ExpertComparisonTest, ARecordIsWhatWasShownAndSurvivesItsFile) {
  std::vector<RouterRecord> recorded;
  const ExpertWatch watch = record_experts(recorded);
  for (const auto& [begin, rows] : {std::pair<std::size_t, std::size_t>{0, 4}, {4, 2}}) {
    for (std::int64_t mixture = 0; mixture < 2; ++mixture) {
      RouterRecord& router = shown_[static_cast<std::size_t>(mixture)];
      watch({.mixture = mixture,
             .experts = 3,
             .chosen = 1,
             .logits = std::span(router.logits).subspan(begin * 3, rows * 3),
             .ids = std::span(router.ids).subspan(begin, rows)});
    }
  }
  reference_.routers = recorded;
  reference_.step_logits.resize(8);
  const TemporaryFolder folder;
  write_reference(folder.path() / "reference.safetensors", reference_);
  const Reference read = read_reference(folder.path() / "reference.safetensors");
  ASSERT_EQ(read.routers.size(), 2U);
  EXPECT_EQ(read.routers[1].experts, 3);
  EXPECT_EQ(read.routers[1].chosen, 1);
  EXPECT_EQ(read.routers[1].logits, shown_[1].logits);
  EXPECT_EQ(read.routers[1].ids, shown_[1].ids);
}

TEST_F(ExpertComparisonTest, AFileWithExpertsThatAreNoneIsRefused) {
  reference_.step_logits.resize(8);
  const TemporaryFolder folder;
  const auto path = folder.path() / "reference.safetensors";
  reference_.routers[1].ids[3] = 3;
  write_reference(path, reference_);
  EXPECT_THAT(error_text([&] { (void)read_reference(path); }),
              HasSubstr("'routers.1.experts' has 3, where only 0 to 2 are"));
  reference_.routers[1].ids = {0, 0, 0};
  reference_.routers[1].logits.resize(9);
  write_reference(path, reference_);
  EXPECT_THAT(error_text([&] { (void)read_reference(path); }),
              HasSubstr("'routers.1.experts' is [3, 1], its input_ids ask for [6, ...]"));
}

}  // namespace
}  // namespace bv2::test
