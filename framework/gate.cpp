// The correctness gate.
#include "framework/gate.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "framework/check_sink.h"

namespace bv2 {
namespace {

/// Keeps a whole generation.
class RecordingSink final : public TokenSink {
 public:
  RecordingSink(std::int64_t batch, std::int64_t new_tokens, Reference& into)
      : batch_(static_cast<std::size_t>(batch)),
        new_tokens_(static_cast<std::size_t>(new_tokens)),
        into_(into) {
    into_.new_tokens = new_tokens;
    into_.generated_ids.resize(batch_ * new_tokens_);
  }

  [[nodiscard]] bool wants_logits() const override { return true; }

  void on_logits(std::span<const float> logits) override {
    const std::size_t width = logits.size() / batch_;
    into_.step_logits.resize(batch_ * new_tokens_ * width);
    for (std::size_t row = 0; row < batch_ && token_ < new_tokens_; ++row) {
      const auto from = logits.subspan(row * width, width);
      std::ranges::copy(from, into_.step_logits.data() + (row * new_tokens_ + token_) * width);
    }
  }

  void on_tokens(std::span<const std::int64_t> ids) override {
    for (std::size_t row = 0; row < batch_ && token_ < new_tokens_; ++row) {
      into_.generated_ids[row * new_tokens_ + token_] = ids[row];
    }
    ++token_;
  }

 private:
  std::size_t batch_;
  std::size_t new_tokens_;
  std::size_t token_ = 0;
  Reference& into_;
};

Reference of_prompt(Reference reference, const PromptIds& prompt) {
  const PromptIds& input = reference.input;
  if (input.batch != prompt.batch || input.tokens != prompt.tokens || input.ids != prompt.ids) {
    fail("the reference is of another prompt ({} x {} tokens, this one has {} x {})", input.batch,
         input.tokens, prompt.batch, prompt.tokens);
  }
  return reference;
}

}  // namespace

ScenarioConfig reference_config(const ScenarioConfig& config) {
  ScenarioConfig reference = config;
  reference.variant = "eager";
  reference.dtype = "float32";
  reference.compile_mode.reset();
  reference.attn_implementation = "eager";
  reference.sdpa_backend.reset();
  return reference;
}

Reference make_reference(Session& session, const ModelFacts& facts, const PromptIds& prompt,
                         std::int64_t new_tokens, const InterruptFlag& interrupt) {
  Reference reference;
  reference.input = prompt;
  RecordingSink recording(prompt.batch, new_tokens, reference);
  CheckSink sink(prompt.batch, new_tokens, facts.vocab_size, interrupt, &recording);
  session.generate(prompt, new_tokens, sink);
  sink.check_complete();
  return reference;
}

Gate::Gate(Reference reference, const PromptIds& prompt, const ModelFacts& facts, Dtype dtype)
    : reference_(of_prompt(std::move(reference), prompt)),
      tolerance_(output_tolerance(dtype, facts.layers, reference_.step_logits)),
      comparison_(reference_, tolerance_, 2 * tolerance_.absolute) {}

Verification Gate::verdict() {
  const GreedyOutcome outcome = comparison_.finish();
  Verification verification;
  verification.reference = gate_reference;
  verification.status = outcome.passed ? VerificationStatus::passed : VerificationStatus::failed;
  if (!outcome.remark.empty()) verification.reason = outcome.remark;
  verification.new_tokens = outcome.new_tokens;
  verification.first_divergent_token = outcome.first_divergent_token;
  verification.max_abs_logit_difference = outcome.max_abs_logit_difference;
  verification.allowed_logit_difference = tolerance_.absolute;
  verification.max_kl_divergence = outcome.max_kl_divergence;
  verification.allowed_kl_divergence = kl_divergence_bound(tolerance_, reference_.step_logits);
  return verification;
}

Verification not_verified(std::string reason) {
  Verification verification;
  verification.reason = std::move(reason);
  return verification;
}

}  // namespace bv2
