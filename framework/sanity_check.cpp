// The short generation before anything is timed.
#include "framework/sanity_check.h"

#include <algorithm>
#include <cmath>

namespace bv2 {
namespace {

class CheckingSink final : public TokenSink {
 public:
  CheckingSink(std::int64_t batch, std::int64_t vocab_size, const InterruptFlag& interrupt)
      : batch_(static_cast<std::size_t>(batch)), vocab_size_(vocab_size), interrupt_(&interrupt) {}

  [[nodiscard]] bool wants_logits() const override { return true; }

  void on_logits(std::span<const float> logits) override {
    if (std::ranges::all_of(logits, [](float value) { return std::isfinite(value); })) return;
    fail("the logits of new token {} are not finite (NaN or infinity)", tokens_ + 1);
  }

  void on_tokens(std::span<const std::int64_t> ids) override {
    interrupt_->throw_if_raised();
    ++tokens_;
    if (ids.size() != batch_)
      fail("the model gave tokens of {} sequences, the batch has {}", ids.size(), batch_);
    for (const std::int64_t id : ids) {
      if (id < 0 || id >= vocab_size_)
        fail("the model gave the token id {}, outside its vocabulary of {}", id, vocab_size_);
    }
  }

  [[nodiscard]] std::int64_t tokens() const { return tokens_; }

 private:
  std::size_t batch_;
  std::int64_t vocab_size_;
  const InterruptFlag* interrupt_;
  std::int64_t tokens_ = 0;
};

}  // namespace

void check_session(Session& session, const PromptIds& prompt, std::int64_t new_tokens,
                   const InterruptFlag& interrupt) {
  CheckingSink sink(prompt.batch, session.facts().vocab_size, interrupt);
  session.generate(prompt, new_tokens, sink);
  if (sink.tokens() != new_tokens) {
    fail("the model gave {} new tokens of the {} it was asked for", sink.tokens(), new_tokens);
  }
}

}  // namespace bv2
