// The check before measuring refuses what is not sane.
#include "framework/check_sink.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/error_text.h"

namespace bv2 {
namespace {

using test::error_text;
using Ids = std::vector<std::int64_t>;

class CheckSinkTest : public testing::Test {
 protected:
  InterruptFlag interrupt_;
  CheckSink sink_{2, 1, 3, interrupt_};  // two sequences, one token, a vocabulary of three
  std::vector<float> logits_{0, 1, 2, 3, 4, 5};
};

TEST_F(CheckSinkTest, PassesWhatIsSane) {
  sink_.on_logits(logits_);
  sink_.on_tokens(Ids{0, 2});
  EXPECT_NO_THROW(sink_.check_complete());
  EXPECT_TRUE(sink_.wants_logits());
}

TEST_F(CheckSinkTest, RefusesLogitsThatAreNotFinite) {
  logits_[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error_text([&] { sink_.on_logits(logits_); }),
            "the check failed: the logit of token id 1 is nan (new token 1, sequence 2)");
  logits_[4] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(error_text([&] { sink_.on_logits(logits_); }),
            "the check failed: the logit of token id 1 is -inf (new token 1, sequence 2)");
}

TEST_F(CheckSinkTest, RefusesAWrongNumberOfLogits) {
  logits_.pop_back();
  EXPECT_EQ(error_text([&] { sink_.on_logits(logits_); }),
            "the check failed: 5 logits for 2 sequences of a vocabulary of 3");
}

TEST_F(CheckSinkTest, RefusesTokensWithoutLogits) {
  EXPECT_EQ(error_text([&] {
              sink_.on_tokens(Ids{0, 0});
            }),
            "the check failed: the model gave no logits for new token 1");
}

TEST_F(CheckSinkTest, RefusesIdsOutsideTheVocabulary) {
  for (const std::int64_t id : {-1, 3}) {
    sink_.on_logits(logits_);
    EXPECT_EQ(error_text([&] {
                sink_.on_tokens(Ids{0, id});
              }),
              fmt::format("the check failed: token id {} is outside the vocabulary of 3", id));
  }
}

TEST_F(CheckSinkTest, RefusesWrongCounts) {
  EXPECT_EQ(error_text([&] { sink_.check_complete(); }), "the check failed: 0 new tokens instead of 1");
  sink_.on_logits(logits_);
  EXPECT_EQ(error_text([&] { sink_.on_tokens(Ids{0}); }),
            "the check failed: tokens of 1 sequences, the batch has 2");
  sink_.on_logits(logits_);
  sink_.on_tokens(Ids{0, 0});
  sink_.on_logits(logits_);
  EXPECT_EQ(error_text([&] { sink_.on_tokens(Ids{0, 0}); }), "the check failed: more than 1 new tokens");
}

TEST_F(CheckSinkTest, EndsAtAnInterrupt) {
  sink_.on_logits(logits_);
  interrupt_.raise();
  EXPECT_THROW(sink_.on_tokens(Ids{0, 0}), Interrupted);
}

TEST_F(CheckSinkTest, HoldsAnEncoderToItsHiddenStates) {
  CheckSink sink(2, 0, 3, interrupt_);
  EXPECT_EQ(error_text([&] { sink.check_complete(); }), "the check failed: the model gave no hidden states");
  EXPECT_EQ(error_text([&] { sink.on_encoded(); }), "the check failed: the model showed no hidden states");
  std::vector<float> states{0, 1, 2, 3, std::numeric_limits<float>::infinity()};
  EXPECT_EQ(error_text([&] { sink.on_logits(states); }),
            "the check failed: a hidden state is inf (value 5 of 5)");
  states[4] = 7;
  sink.on_logits(states);
  sink.on_encoded();
  EXPECT_NO_THROW(sink.check_complete());
  EXPECT_EQ(error_text([&] {
              sink.on_tokens(Ids{0, 2});
            }),
            "the check failed: tokens instead of hidden states");
  EXPECT_EQ(error_text([&] { sink_.on_encoded(); }), "the check failed: hidden states instead of tokens");
}

}  // namespace
}  // namespace bv2
