// The sink of the check before measuring.
#include "framework/check_sink.h"

#include <algorithm>
#include <cmath>

namespace bv2 {

CheckSink::CheckSink(std::int64_t batch, std::int64_t new_tokens, std::int64_t vocab_size,
                     const InterruptFlag& interrupt, TokenSink* next)
    : batch_(batch), new_tokens_(new_tokens), vocab_size_(vocab_size), interrupt_(&interrupt), next_(next) {}

void CheckSink::on_logits(std::span<const float> logits) {
  const auto count = static_cast<std::int64_t>(logits.size());
  if (!encodes() && vocab_size_ > 0 && count != batch_ * vocab_size_) {
    fail("the check failed: {} logits for {} sequences of a vocabulary of {}", count, batch_, vocab_size_);
  }
  const auto odd = std::ranges::find_if_not(logits, [](float logit) { return std::isfinite(logit); });
  if (odd != logits.end() && encodes()) {
    fail("the check failed: a hidden state is {} (value {} of {})", *odd, odd - logits.begin() + 1, count);
  }
  if (odd != logits.end()) {
    const std::int64_t place = odd - logits.begin();
    const std::int64_t width = std::max<std::int64_t>(1, count / batch_);
    fail("the check failed: the logit of token id {} is {} (new token {}, sequence {})", place % width, *odd,
         received_ + 1, place / width + 1);
  }
  logits_seen_ = true;
  if (next_ != nullptr) next_->on_logits(logits);
}

void CheckSink::on_encoded() {
  interrupt_->throw_if_raised();
  if (!encodes()) fail("the check failed: hidden states instead of tokens");
  if (!logits_seen_) fail("the check failed: the model showed no hidden states");
  encoded_ = true;
  if (next_ != nullptr) next_->on_encoded();
}

void CheckSink::on_tokens(std::span<const std::int64_t> ids) {
  interrupt_->throw_if_raised();
  if (encodes()) fail("the check failed: tokens instead of hidden states");
  if (!logits_seen_) fail("the check failed: the model gave no logits for new token {}", received_ + 1);
  logits_seen_ = false;
  if (static_cast<std::int64_t>(ids.size()) != batch_) {
    fail("the check failed: tokens of {} sequences, the batch has {}", ids.size(), batch_);
  }
  for (const std::int64_t id : ids) {
    if (vocab_size_ > 0 && (id < 0 || id >= vocab_size_)) {
      fail("the check failed: token id {} is outside the vocabulary of {}", id, vocab_size_);
    }
  }
  if (++received_ > new_tokens_) fail("the check failed: more than {} new tokens", new_tokens_);
  if (next_ != nullptr) next_->on_tokens(ids);
}

void CheckSink::check_complete() const {
  if (encodes() && !encoded_) fail("the check failed: the model gave no hidden states");
  if (received_ != new_tokens_) {
    fail("the check failed: {} new tokens instead of {}", received_, new_tokens_);
  }
}

}  // namespace bv2
