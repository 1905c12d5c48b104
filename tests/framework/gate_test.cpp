// The gate on sessions that are right, rounded and wrong.
#include "framework/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/error_text.h"
#include "support/fake_benchmark.h"
#include "support/linear_session.h"
#include "support/temporary_folder.h"

namespace bv2::test {
namespace {

using testing::HasSubstr;

const PromptIds prompt{.batch = 2, .tokens = 3, .ids = {1, 2, 3, 3, 2, 1}};

class GateTest : public testing::Test {
 protected:
  Verification run(Dtype dtype = Dtype::bfloat16) {
    Gate gate(reference_, prompt, session_.facts(), dtype);
    session_.generate(prompt, gate.new_tokens(), gate.sink());
    return gate.verdict();
  }
  InterruptFlag interrupt_;
  LinearSession session_;
  Reference reference_ = make_reference(session_, session_.facts(), prompt, 4, interrupt_);
};

TEST_F(GateTest, TheReferenceHasEveryTokenAndItsLogits) {
  EXPECT_EQ(reference_.input.ids, prompt.ids);
  EXPECT_EQ(reference_.new_tokens, 4);
  EXPECT_EQ(reference_.generated_ids, (std::vector<std::int64_t>{0, 1, 2, 3, 1, 2, 3, 4}));
  EXPECT_EQ(reference_.vocabulary(), 5);
  EXPECT_EQ(reference_.step_logits[(1 * 4 + 2) * 5 + 3], 4.0F) << "sequence 1, token 2 chose id 3";
}

TEST_F(GateTest, PassesTheSameModel) {
  const Verification verification = run(Dtype::float32);
  EXPECT_EQ(verification.status, VerificationStatus::passed);
  EXPECT_EQ(verification.reference, "eager float32");
  EXPECT_EQ(verification.new_tokens, 4);
  EXPECT_EQ(verification.max_abs_logit_difference, 0);
  EXPECT_DOUBLE_EQ(*verification.allowed_logit_difference, 1e-4);
  EXPECT_EQ(verification.reason, std::nullopt);
}

TEST_F(GateTest, PassesRoundingOfItsDtypeAndNoMore) {
  session_.error = 0.01F;
  EXPECT_EQ(run(Dtype::bfloat16).status, VerificationStatus::passed);
  const Verification strict = run(Dtype::float32);
  EXPECT_EQ(strict.status, VerificationStatus::failed);
  EXPECT_THAT(*strict.reason, HasSubstr("the logit of token id"));
}

TEST_F(GateTest, FailsOneWrongLogitOfTheLastToken) {
  session_.last_error_at = 3;
  const Verification verification = run();
  EXPECT_EQ(verification.status, VerificationStatus::failed);
  EXPECT_NEAR(*verification.max_abs_logit_difference, 3, 1e-6);
  EXPECT_GT(*verification.max_kl_divergence, 0);
}

TEST_F(GateTest, RefusesAReferenceOfAnotherPrompt) {
  const PromptIds other{.batch = 2, .tokens = 3, .ids = {1, 2, 3, 3, 2, 4}};
  EXPECT_THAT(error_text([&] { Gate(reference_, other, session_.facts(), Dtype::bfloat16); }),
              HasSubstr("of another prompt"));
}

TEST_F(GateTest, RefusesWhereNoBoundCanBeDerived) {
  EXPECT_THAT(error_text([&] { Gate(reference_, prompt, ModelFacts{}, Dtype::bfloat16); }),
              HasSubstr("does not say how many layers"));
}

TEST_F(GateTest, AReferenceIsNotMadeOfWhatIsNotSane) {
  FakeBenchmark broken({.fault = Fault::nan_logits});
  const auto session = broken.open({});
  EXPECT_THAT(error_text([&] { make_reference(*session, session->facts(), prompt, 2, interrupt_); }),
              HasSubstr("the check failed"));
}

TEST_F(GateTest, AReferenceSurvivesItsFile) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "reference.safetensors";
  write_reference(path, reference_);
  const Reference read = read_reference(path);
  EXPECT_EQ(read.input.ids, reference_.input.ids);
  EXPECT_EQ(read.generated_ids, reference_.generated_ids);
  EXPECT_EQ(read.step_logits, reference_.step_logits);
  EXPECT_TRUE(read.outputs.values.empty());
  Reference whole = reference_;
  whole.step_logits.clear();
  whole.outputs_name = "last_hidden_state";
  whole.outputs = {.width = 1, .values = {1, 2, 3, 4, 5, 6}};
  write_reference(path, whole);
  EXPECT_EQ(read_reference(path).outputs.values, whole.outputs.values);
  EXPECT_EQ(read_reference(path).outputs_name, "last_hidden_state");
}

/// Hidden states of two values a token, padding included; what stands at padding is anything.
class EncoderSession final : public Session {
 public:
  [[nodiscard]] ModelFacts facts() const override { return {.kind = ModelKind::encoder, .layers = 2}; }
  [[nodiscard]] std::optional<std::vector<std::int64_t>> encode(std::string_view) const override {
    return {};
  }
  [[nodiscard]] std::string decode(std::span<const std::int64_t>) const override { return {}; }
  void prepare() override {}
  void generate(const PromptIds& prompt, std::int64_t, TokenSink& sink) override {
    std::vector<float> states;
    for (std::int64_t row = 0; row < prompt.batch; ++row) {
      for (std::int64_t token = 0; token < prompt.tokens; ++token) {
        const bool is_padding =
            !prompt.padding.empty() && token < prompt.padding[static_cast<std::size_t>(row)];
        states.push_back(is_padding ? at_padding : static_cast<float>(token));
        states.push_back(1);
      }
    }
    states.back() += error;
    sink.on_logits(states);
    sink.on_encoded();
  }
  ForwardOutput forward(const PromptIds&) override { return {}; }
  [[nodiscard]] Json effective() const override { return Json::object(); }

  float error = 0;
  float at_padding = 0;
};

class EncoderGateTest : public testing::Test {
 protected:
  Verification run(Dtype dtype = Dtype::bfloat16) {
    Gate gate(reference_, prompt_, session_.facts(), dtype);
    session_.generate(prompt_, gate.new_tokens(), gate.sink());
    return gate.verdict();
  }
  InterruptFlag interrupt_;
  PromptIds prompt_{.batch = 2, .tokens = 3, .ids = {1, 2, 3, 3, 2, 1}, .padding = {0, 1}};
  EncoderSession session_;
  Reference reference_ = make_reference(session_, session_.facts(), prompt_, 0, interrupt_);
};

TEST_F(EncoderGateTest, TheReferenceHasTheHiddenStates) {
  EXPECT_EQ(reference_.outputs_name, "last_hidden_state");
  EXPECT_EQ(reference_.outputs.width, 2);
  EXPECT_EQ(reference_.outputs.values.size(), 12U);
  EXPECT_EQ(reference_.new_tokens, 0);
}

TEST_F(EncoderGateTest, PassesRoundingOfItsDtypeAndNoMore) {
  EXPECT_EQ(run(Dtype::float32).status, VerificationStatus::passed);
  session_.error = 0.01F;
  const Verification passed = run(Dtype::bfloat16);
  EXPECT_EQ(passed.status, VerificationStatus::passed);
  EXPECT_NEAR(*passed.max_abs_hidden_difference, 0.01, 1e-6);
  EXPECT_GT(*passed.allowed_hidden_difference, 0.01);
  EXPECT_FALSE(passed.max_abs_logit_difference);
  const Verification strict = run(Dtype::float32);
  EXPECT_EQ(strict.status, VerificationStatus::failed);
  EXPECT_THAT(*strict.reason, HasSubstr("last_hidden_state[1, 2, 1] is 1.01, the reference 1"));
}

TEST_F(EncoderGateTest, WhatStandsAtPaddingIsNotCompared) {
  const double allowed = *run().allowed_hidden_difference;
  session_.at_padding = 1000;
  EXPECT_EQ(run(Dtype::float32).status, VerificationStatus::passed);
  reference_ = make_reference(session_, session_.facts(), prompt_, 0, interrupt_);
  EXPECT_EQ(*run().allowed_hidden_difference, allowed) << "nor does it widen the bound";
}

TEST_F(EncoderGateTest, AReferenceOfAnotherModelIsAnError) {
  reference_.outputs.width = 3;
  reference_.outputs.values.resize(18);
  EXPECT_THAT(error_text([&] { run(); }), HasSubstr("the reference has width 3"));
}

TEST(ReferenceConfig, IsFloat32EagerOfTheSameModel) {
  ScenarioConfig config;
  config.variant = "compiled";
  config.compile_mode = "default";
  config.model_id = "/somewhere";
  config.batch_size = 3;
  const ScenarioConfig reference = reference_config(config);
  EXPECT_EQ(reference.variant, "eager");
  EXPECT_EQ(reference.dtype, "float32");
  EXPECT_EQ(reference.attn_implementation, "eager");
  EXPECT_EQ(reference.sdpa_backend, std::nullopt);
  EXPECT_EQ(reference.compile_mode, std::nullopt);
  EXPECT_EQ(reference.model_id, "/somewhere");
  EXPECT_EQ(reference.batch_size, 3);
}

}  // namespace
}  // namespace bv2::test
