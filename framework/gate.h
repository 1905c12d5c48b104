// The correctness gate: a scenario whose output is not the model's is not worth timing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/dtype.h"
#include "base/interrupt.h"
#include "framework/expert_comparison.h"
#include "framework/model_benchmark.h"
#include "framework/output_comparison.h"
#include "framework/reference.h"
#include "framework/result.h"

namespace bv2 {

/// What every scenario is held against, by name.
constexpr const char* gate_reference = "eager float32";

/// The configuration that computes the reference of a scenario: float32, eager, plain attention; the same
/// model, prompt and batch.
ScenarioConfig reference_config(const ScenarioConfig& config);

/// A greedy generation with all its logits, and of a mixture of experts what the routers gave and chose; of
/// an encoder (`new_tokens` 0) the hidden states of all tokens. The session has been prepared. Throws Error
/// for outputs that are not sane (see CheckSink).
Reference make_reference(Session& session, const ModelFacts& facts, const PromptIds& prompt,
                         std::int64_t new_tokens, const InterruptFlag& interrupt);

/// Holds an encoder's hidden states against those of a reference.
class EncodedComparison final : public TokenSink {
 public:
  /// Both must outlive it.
  EncodedComparison(const Reference& reference, const OutputTolerance& tolerance)
      : reference_(reference), tolerance_(tolerance) {}
  void on_tokens(std::span<const std::int64_t> ids) override;
  [[nodiscard]] bool wants_logits() const override { return true; }
  void on_logits(std::span<const float> states) override;
  /// Throws Error where there were none.
  OutputsOutcome finish();

 private:
  const Reference& reference_;
  const OutputTolerance& tolerance_;
  std::optional<OutputsOutcome> outcome_;
};

/// Holds one generation against the reference of its prompt: each new token's logits within the tolerance of
/// the dtype and the distribution within what follows from that; ids equal, but where the logits put the two
/// candidates closer than two logits can be moved against each other. Of an encoder: the hidden states of all
/// tokens within the tolerance. Of a mixture of experts also the choices: see ExpertComparison.
class Gate {
 public:
  /// Throws Error where the reference is of another prompt, and where no bound can be derived.
  Gate(Reference reference, const PromptIds& prompt, const ModelFacts& facts, Dtype dtype);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  [[nodiscard]] std::int64_t new_tokens() const { return reference_.new_tokens; }
  /// For the generation of so many new tokens, as the next.
  TokenSink& sink();
  ExpertWatch expert_watch() { return experts_ ? experts_->watch() : ExpertWatch(); }
  /// After it. Throws Error where tokens are missing.
  Verification verdict();
  /// For the iterations, in which a mode need not make logits and may take another way to its tokens; none of
  /// an encoder, and none after a choice of experts that rounding may settle otherwise.
  [[nodiscard]] ChosenTokens chosen() const {
    return {reference_, 2 * tolerance_.absolute, experts_ ? experts_->clear_tokens() : 0};
  }

 private:
  Reference reference_;
  OutputTolerance tolerance_;
  std::variant<std::monostate, GreedyComparison, EncodedComparison> comparison_;
  std::optional<ExpertComparison> experts_;  // not of an encoder
};

/// A verification that could not be done, and why.
Verification not_verified(std::string reason);

}  // namespace bv2
