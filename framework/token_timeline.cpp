// When each token of a measured iteration became available, and the metrics that follow from that.
#include "framework/token_timeline.h"

#include <array>

namespace bv2 {
namespace {

constexpr double seconds_per_ns = 1e-9;

std::optional<double> rate(std::int64_t amount, std::int64_t duration_ns) {
  if (duration_ns <= 0) return std::nullopt;
  return static_cast<double>(amount) / (static_cast<double>(duration_ns) * seconds_per_ns);
}

std::int64_t new_tokens(const IterationTimes& t) { return static_cast<std::int64_t>(t.token_ns.size()); }

std::int64_t total_ns(const IterationTimes& t) { return t.token_ns.back() - t.start_ns; }
std::int64_t prefill_ns(const IterationTimes& t) { return t.token_ns.front() - t.start_ns; }
std::int64_t decode_ns(const IterationTimes& t) { return t.token_ns.back() - t.token_ns.front(); }

std::optional<double> latency(const IterationTimes& t) {
  if (t.token_ns.empty()) return std::nullopt;
  return static_cast<double>(total_ns(t)) * seconds_per_ns;
}

std::optional<double> time_to_first_token(const IterationTimes& t) {
  if (t.token_ns.empty()) return std::nullopt;
  return static_cast<double>(prefill_ns(t)) * seconds_per_ns;
}

std::optional<double> inter_token_latency(const IterationTimes& t) {
  if (t.token_ns.size() < 2) return std::nullopt;
  return static_cast<double>(decode_ns(t)) * seconds_per_ns / static_cast<double>(new_tokens(t) - 1);
}

std::optional<double> tokens_per_second(const IterationTimes& t) {
  if (t.token_ns.empty()) return std::nullopt;
  return rate(t.batch * new_tokens(t), total_ns(t));
}

std::optional<double> prefill_tokens_per_second(const IterationTimes& t) {
  if (t.token_ns.empty()) return std::nullopt;
  return rate(t.prompt_tokens, prefill_ns(t));
}

std::optional<double> decode_tokens_per_second(const IterationTimes& t) {
  if (t.token_ns.size() < 2) return std::nullopt;
  return rate(t.batch * (new_tokens(t) - 1), decode_ns(t));
}

std::optional<double> sequences_per_second(const IterationTimes& t) {
  if (t.token_ns.empty()) return std::nullopt;
  return rate(t.batch, total_ns(t));
}

std::optional<double> encoded_tokens_per_second(const IterationTimes& t) {
  if (t.token_ns.empty()) return std::nullopt;
  return rate(t.prompt_tokens, total_ns(t));
}

constexpr std::array decoder_metrics{
    Metric{"latency", "seconds", latency},
    Metric{"time_to_first_token", "seconds", time_to_first_token},
    Metric{"inter_token_latency", "seconds", inter_token_latency},
    Metric{"tokens_per_second", "tokens/sec", tokens_per_second},
    Metric{"prefill_tokens_per_second", "tokens/sec", prefill_tokens_per_second},
    Metric{"decode_tokens_per_second", "tokens/sec", decode_tokens_per_second},
};

constexpr std::array encoder_metrics{
    Metric{"latency", "seconds", latency},
    Metric{"sequences_per_second", "sequences/sec", sequences_per_second},
    Metric{"tokens_per_second", "tokens/sec", encoded_tokens_per_second},
};

}  // namespace

std::span<const Metric> metrics(ModelKind kind) {
  if (kind == ModelKind::encoder) return encoder_metrics;
  return decoder_metrics;
}

TokenTimeline::TokenTimeline(std::int64_t batch, std::int64_t new_tokens, const InterruptFlag& interrupt)
    : batch_(static_cast<std::size_t>(batch)),
      encodes_(new_tokens == 0),
      interrupt_(&interrupt),
      token_ns_(static_cast<std::size_t>(encodes_ ? 1 : new_tokens)),
      first_row_ids_(static_cast<std::size_t>(new_tokens)) {}

void TokenTimeline::check_complete() const {
  if (encodes_ && received_ == 0) fail("the model gave no hidden states");
  if (received_ != token_ns_.size()) {
    fail("the model gave {} new tokens of the {} it was asked for", received_, token_ns_.size());
  }
}

void TokenTimeline::refuse_encoding() const {
  if (!encodes_) fail("the model gave hidden states, and tokens were asked for");
  fail("the model gave hidden states twice");
}

void TokenTimeline::refuse(std::size_t batch) const {
  if (encodes_) fail("the model gave tokens, and hidden states were asked for");
  if (batch != batch_) fail("the model gave tokens of {} sequences, the batch has {}", batch, batch_);
  fail("the model gave more than the {} new tokens it was asked for", token_ns_.size());
}

}  // namespace bv2
