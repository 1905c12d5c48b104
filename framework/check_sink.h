// The sink of the check before measuring: what the model gives must be sane.
#pragma once

#include <cstdint>
#include <span>

#include "base/interrupt.h"
#include "framework/model_benchmark.h"

namespace bv2 {

/// Throws Error for logits that are missing, of a wrong number or not finite, for token ids outside the
/// vocabulary, and for a wrong number of sequences or tokens; of an encoder, for hidden states that are
/// missing or not finite.
class CheckSink final : public TokenSink {
 public:
  /// `new_tokens` 0: of an encoder. `vocab_size` 0: not known, so neither ids nor the number of logits are
  /// checked. What is sane goes on to `next`, where there is one.
  CheckSink(std::int64_t batch, std::int64_t new_tokens, std::int64_t vocab_size,
            const InterruptFlag& interrupt, TokenSink* next = nullptr);

  void on_tokens(std::span<const std::int64_t> ids) override;
  void on_encoded() override;
  [[nodiscard]] bool wants_logits() const override { return true; }
  void on_logits(std::span<const float> logits) override;
  /// To be called after the generation.
  void check_complete() const;

 private:
  [[nodiscard]] bool encodes() const { return new_tokens_ == 0; }

  std::int64_t batch_;
  std::int64_t new_tokens_;
  std::int64_t vocab_size_;
  const InterruptFlag* interrupt_;
  TokenSink* next_;
  std::int64_t received_ = 0;
  bool logits_seen_ = false;  ///< of what comes next
  bool encoded_ = false;
};

}  // namespace bv2
