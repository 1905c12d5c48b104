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
    if (new_tokens_ == 0) return keep_states(logits);
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
  void keep_states(std::span<const float> states) {
    const std::int64_t rows = into_.input.batch * into_.input.tokens;
    into_.outputs_name = "last_hidden_state";
    into_.outputs = {.width = static_cast<std::int64_t>(states.size()) / rows,
                     .values = {states.begin(), states.end()}};
  }

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
  reference.input.padding = prompt.padding;
  return reference;
}

/// What a scenario's outputs are held against: those of an encoder, or else what tokens were chosen from.
OutputTolerance tolerance_of(const Reference& reference, const ModelFacts& facts, Dtype dtype) {
  if (facts.kind == ModelKind::encoder) {
    return output_tolerance(dtype, facts.layers, own_outputs(reference));
  }
  return output_tolerance(dtype, facts.layers, reference.step_logits);
}

template <class Outcome>
Verification verification_of(const Outcome& outcome) {
  Verification verification;
  verification.reference = gate_reference;
  verification.status = outcome.passed ? VerificationStatus::passed : VerificationStatus::failed;
  if (!outcome.remark.empty()) verification.reason = outcome.remark;
  return verification;
}

/// A choice that is wrong says more than the logits that follow from it.
void add_experts(const ExpertOutcome& outcome, Verification& verification) {
  verification.experts.emplace(
      ExpertVerification{.choices = outcome.choices,
                         .ties = outcome.ties,
                         .max_abs_logit_difference = outcome.max_abs_logit_difference});
  if (outcome.passed) return;
  verification.status = VerificationStatus::failed;
  verification.reason = outcome.remark;
}

}  // namespace

void EncodedComparison::on_tokens(std::span<const std::int64_t> /*ids*/) {
  fail("the model gave tokens where the reference has hidden states");
}

void EncodedComparison::on_logits(std::span<const float> states) {
  const std::int64_t rows = reference_.input.batch * reference_.input.tokens;
  outcome_ = compare_outputs(states, static_cast<std::int64_t>(states.size()) / rows, reference_, tolerance_);
}

OutputsOutcome EncodedComparison::finish() {
  if (!outcome_) fail("the model showed no hidden states");
  return *outcome_;
}

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
  const WatchedExperts watched(session, record_experts(reference.routers));
  session.generate(prompt, new_tokens, sink);
  sink.check_complete();
  return reference;
}

Gate::Gate(Reference reference, const PromptIds& prompt, const ModelFacts& facts, Dtype dtype)
    : reference_(of_prompt(std::move(reference), prompt)),
      tolerance_(tolerance_of(reference_, facts, dtype)) {
  if (facts.kind == ModelKind::encoder) {
    comparison_.emplace<EncodedComparison>(reference_, tolerance_);
  } else {
    const auto& generation =
        comparison_.emplace<GreedyComparison>(reference_, tolerance_, 2 * tolerance_.absolute);
    experts_.emplace(reference_, dtype, facts.layers, &generation);
  }
}

TokenSink& Gate::sink() {
  if (auto* encoded = std::get_if<EncodedComparison>(&comparison_)) return *encoded;
  return std::get<GreedyComparison>(comparison_);
}

Verification Gate::verdict() {
  if (auto* encoded = std::get_if<EncodedComparison>(&comparison_)) {
    const OutputsOutcome outcome = encoded->finish();
    Verification verification = verification_of(outcome);
    verification.max_abs_hidden_difference = outcome.max_abs_difference;
    verification.allowed_hidden_difference = tolerance_.absolute;
    return verification;
  }
  const GreedyOutcome outcome = std::get<GreedyComparison>(comparison_).finish();
  Verification verification = verification_of(outcome);
  if (!reference_.routers.empty()) add_experts(experts_->finish(outcome.new_tokens), verification);
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
