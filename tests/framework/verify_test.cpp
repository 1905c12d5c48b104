// Verification: a model's outputs held against reference outputs.
#include "framework/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace bv2 {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t vocab_size = 4;

/// Two prompts of two tokens, three new tokens each.
Reference reference() {
  Reference reference;
  reference.input = {.batch = 2, .tokens = 2, .ids = {0, 1, 2, 3}};
  reference.outputs = {.width = vocab_size, .values = {}};
  for (int i = 0; i < 16; ++i) reference.outputs.values.push_back(static_cast<float>(i) - 7.5F);
  reference.new_tokens = 3;
  reference.generated_ids = {0, 1, 2, 3, 2, 1};
  return reference;
}

/// Gives the reference's own answers unless told otherwise.
class EchoSession : public Session {
 public:
  EchoSession() : outputs_(reference().outputs), ids_(reference().generated_ids) {}

  ModelFacts facts() const override { return {.synthetic_weights = true, .layers = layers_}; }
  std::optional<std::vector<std::int64_t>> encode(std::string_view) const override { return std::nullopt; }
  std::string decode(std::span<const std::int64_t>) const override { return {}; }
  PreparationTimes prepare(const Preparation&) override { return {}; }
  void generate(const PromptIds& prompt, std::int64_t new_tokens, TokenSink& sink) override {
    for (std::int64_t step = 0; step < new_tokens + extra_tokens_; ++step) {
      std::vector<std::int64_t> ids;
      for (std::int64_t row = 0; row < prompt.batch; ++row) {
        ids.push_back(ids_[static_cast<std::size_t>(row * new_tokens + std::min(step, new_tokens - 1))]);
      }
      if (sink.wants_logits()) sink.on_logits(step_logits_);
      sink.on_tokens(ids);
    }
  }
  ForwardOutput forward(const PromptIds&) override {
    if (fails_) fail("out of luck");
    return outputs_;
  }
  Json effective() const override { return Json::object(); }

  std::int64_t layers_ = 2;
  ForwardOutput outputs_;
  std::vector<std::int64_t> ids_;
  std::vector<float> step_logits_ = std::vector<float>(2 * vocab_size, 0.0F);  // a tie of all
  std::int64_t extra_tokens_ = 0;
  bool fails_ = false;
};

TEST(Verify, PassesWhatAgrees) {
  EchoSession session;
  const VerifyResult result = verify_session(session, reference(), Dtype::float32);
  EXPECT_TRUE(result.passed) << result.remark;
  EXPECT_EQ(result.max_abs_difference, 0);
  EXPECT_EQ(result.max_rel_difference, 0);
  EXPECT_FALSE(result.first_divergent_token);
  EXPECT_EQ(result.new_tokens, 3);
  EXPECT_THAT(result.remark, IsEmpty());
}

TEST(Verify, FailsOneLogitThatIsOffByAHundredth) {
  EchoSession session;
  session.outputs_.values[6] += 0.01F;  // row 0, position 1, id 2: -1.5
  const VerifyResult result = verify_session(session, reference(), Dtype::float32);
  EXPECT_FALSE(result.passed);
  EXPECT_NEAR(*result.max_abs_difference, 0.01, 1e-6);
  EXPECT_NEAR(*result.max_rel_difference, 0.01 / 1.5, 1e-6);
  EXPECT_EQ(result.remark, "logits[0, 1, 2] is -1.49, the reference -1.5");
}

TEST(Verify, AllowsADifferenceOfEitherKind) {
  const OutputTolerance tolerance = output_tolerance(Dtype::float32, 2, {});
  EXPECT_TRUE(tolerance.accepts(0.00009, 0));
  EXPECT_FALSE(tolerance.accepts(0.00011, 0));
  EXPECT_TRUE(tolerance.accepts(1000.09, 1000));
  EXPECT_FALSE(tolerance.accepts(1000.11, 1000));
}

TEST(Verify, NeverPassesWhatIsNotANumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16}) {
    for (const float wrong : {nan, infinity, -infinity}) {
      EchoSession session;
      session.outputs_.values[3] = wrong;
      const VerifyResult result = verify_session(session, reference(), dtype);
      EXPECT_FALSE(result.passed) << wrong;
      EXPECT_FALSE(std::isfinite(*result.max_abs_difference)) << "later values hide it not";
    }
  }
  EchoSession session;
  Reference broken = reference();
  broken.outputs.values[3] = nan;
  session.outputs_.values[3] = nan;
  EXPECT_FALSE(verify_session(session, broken, Dtype::float32).passed) << "nor where the reference is none";
}

TEST(Verify, FailsOneIdThatDiffers) {
  EchoSession session;
  session.ids_[4] = 0;  // row 1, token 1
  session.ids_[5] = 0;
  const VerifyResult result = verify_session(session, reference(), Dtype::float32);
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.first_divergent_token, 1);
  EXPECT_EQ(result.remark, "token 1 of sequence 1 is 0, the reference 2");
}

TEST(Verify, ReportsTheEarliestOfAllSequences) {
  EchoSession session;
  session.ids_ = {0, 1, 3, 3, 3, 1};
  EXPECT_EQ(verify_session(session, reference(), Dtype::float32).first_divergent_token, 1);
}

TEST(Verify, InAShortDtypeATieMayFallEitherWay) {
  EchoSession session;
  session.ids_[4] = 0;
  const VerifyResult tie = verify_session(session, reference(), Dtype::bfloat16);
  EXPECT_TRUE(tie.passed) << tie.remark;
  EXPECT_EQ(tie.first_divergent_token, 1) << "but it is told";
  EXPECT_THAT(tie.remark, HasSubstr("a tie in this dtype"));
  const double gap = 2 * tie.tolerance.absolute;
  session.step_logits_[4] =
      static_cast<float>(gap * 1.01);  // row 1: id 0 is further above id 2 than rounding moves it
  EXPECT_FALSE(verify_session(session, reference(), Dtype::bfloat16).passed);
  session.step_logits_[4] = static_cast<float>(gap * 0.99);
  EXPECT_TRUE(verify_session(session, reference(), Dtype::bfloat16).passed);
}

TEST(Verify, ARealDivergenceReplacesTheRemarkOfATie) {
  EchoSession session;
  session.ids_ = {3, 1, 2, 3, 2, 0};
  session.step_logits_ = {0, 0, 0, 0, 99, 0, 0, 0};
  const VerifyResult result = verify_session(session, reference(), Dtype::bfloat16);
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.first_divergent_token, 0);
  EXPECT_EQ(result.remark, "token 2 of sequence 1 is 0, the reference 1");
}

TEST(Verify, TheBoundOfAShortDtypeFollowsFromEpsilonAndDepth) {
  const std::vector<float> ones(1000, 1.0F);
  const double bound = output_tolerance(Dtype::bfloat16, 4, ones).absolute;
  EXPECT_DOUBLE_EQ(bound, 0x1p-8 * std::sqrt(16.0 * 9) * std::sqrt(2 * std::log(1000.0)));
  EXPECT_DOUBLE_EQ(output_tolerance(Dtype::float16, 4, ones).absolute, bound / 8)
      << "epsilon is 8 times smaller";
  const std::vector<float> twos(1000, 2.0F);
  EXPECT_DOUBLE_EQ(output_tolerance(Dtype::bfloat16, 4, twos).absolute, 2 * bound);
}

TEST(Verify, WithoutAKnownDepthThereIsNoBound) {
  EchoSession session;
  session.layers_ = 0;
  EXPECT_TRUE(verify_session(session, reference(), Dtype::float32).passed);
  const VerifyResult result = verify_session(session, reference(), Dtype::bfloat16);
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.remark, HasSubstr("does not say how many layers"));
}

TEST(Verify, FailsOutputsOfAnotherShape) {
  EchoSession session;
  session.outputs_.width = 8;
  EXPECT_EQ(verify_session(session, reference(), Dtype::float32).remark,
            "the model gives logits of width 8 (16 values), the reference has width 4 (16 values)");
}

TEST(Verify, FailsAWrongCountOfTokens) {
  EchoSession session;
  session.extra_tokens_ = 1;
  const VerifyResult result = verify_session(session, reference(), Dtype::float32);
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.remark, "the model generated 4 tokens where 3 were asked for");
}

TEST(Verify, AnErrorOfTheSessionIsItsRemark) {
  EchoSession session;
  session.fails_ = true;
  const VerifyResult result = verify_session(session, reference(), Dtype::float32);
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.remark, "out of luck");
}

}  // namespace
}  // namespace bv2
