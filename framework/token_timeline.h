// When each token of a measured iteration became available, and the metrics that follow from that.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/interrupt.h"
#include "framework/model_benchmark.h"

namespace bv2 {

/// What the metrics of one iteration are made from: batch B, the prompts' tokens, and the stamps start, t_1
/// ... t_N.
struct IterationTimes {
  std::int64_t batch = 1;
  std::int64_t prompt_tokens = 0;  ///< of the whole batch, padding not counted
  std::int64_t start_ns = 0;
  std::span<const std::int64_t> token_ns;  ///< of an encoder one: when the hidden states were available
};

/// One metric: what it is called and how it follows from an iteration; nothing where it has no meaning (the
/// latency between tokens of a single token).
struct Metric {
  std::string_view name;
  std::string_view unit;
  std::optional<double> (*value)(const IterationTimes& times);
};

/// All metrics of that kind of model that follow from the stamps, in the order of the documents.
std::span<const Metric> metrics(ModelKind kind);

/// The sink of measured iterations. Memory is touched beforehand; a token costs one reading of the clock, a
/// store and a look at the interrupt flag.
class TokenTimeline final : public TokenSink {
 public:
  /// `new_tokens` 0: of an encoder, whose one stamp is that of on_encoded. The flag must outlive the
  /// timeline.
  TokenTimeline(std::int64_t batch, std::int64_t new_tokens, const InterruptFlag& interrupt);

  /// Forgets the tokens of the iteration before and stamps the start, last thing.
  void start() {
    received_ = 0;
    start_ns_ = monotonic_now_ns();
  }

  /// Throws Interrupted once the flag is raised, Error for a token too many or of another batch.
  void on_tokens(std::span<const std::int64_t> ids) override {
    const std::int64_t now_ns = monotonic_now_ns();
    if (encodes_ || ids.size() != batch_ || received_ == token_ns_.size()) refuse(ids.size());
    token_ns_[received_] = now_ns;
    first_row_ids_[received_] = ids[0];
    ++received_;
    interrupt_->throw_if_raised();
  }

  /// Throws Interrupted once the flag is raised, Error where tokens are expected or for a second call.
  void on_encoded() override {
    const std::int64_t now_ns = monotonic_now_ns();
    if (!encodes_ || received_ != 0) refuse_encoding();
    token_ns_[received_++] = now_ns;
    interrupt_->throw_if_raised();
  }

  /// Throws Error where tokens are missing, or the hidden states.
  void check_complete() const;

  [[nodiscard]] std::int64_t start_ns() const { return start_ns_; }
  [[nodiscard]] std::span<const std::int64_t> token_ns() const { return {token_ns_.data(), received_}; }
  /// The tokens of the first sequence.
  [[nodiscard]] std::span<const std::int64_t> first_row_ids() const {
    return {first_row_ids_.data(), encodes_ ? 0 : received_};
  }

 private:
  [[noreturn]] void refuse(std::size_t batch) const;
  [[noreturn]] void refuse_encoding() const;

  std::size_t batch_;
  bool encodes_;
  const InterruptFlag* interrupt_;
  std::size_t received_ = 0;
  std::int64_t start_ns_ = 0;
  std::vector<std::int64_t> token_ns_;
  std::vector<std::int64_t> first_row_ids_;
};

}  // namespace bv2
