// A benchmark whose session takes known times, records them itself, and misbehaves on request.
#include "support/fake_benchmark.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error.h"

namespace bv2::test {
namespace {

constexpr std::int64_t before_text = 1;
constexpr std::int64_t after_text = 2;
constexpr std::int64_t first_byte = 10;

class FakeSession final : public Session {
 public:
  FakeSession(FakeBehaviour behaviour, std::shared_ptr<FakeRecord> record)
      : behaviour_(std::move(behaviour)), record_(std::move(record)) {
    record_->most_open_at_once = std::max(record_->most_open_at_once, ++record_->open_now);
  }
  ~FakeSession() override { --record_->open_now; }

  [[nodiscard]] ModelFacts facts() const override {
    return {.kind = behaviour_.kind,
            .synthetic_weights = true,
            .vocab_size = behaviour_.vocab_size,
            .max_positions = behaviour_.max_positions,
            .parameters = 1000,
            .weight_bytes = 2000};
  }

  [[nodiscard]] std::optional<std::vector<std::int64_t>> encode(std::string_view text) const override {
    if (!behaviour_.has_tokenizer) return std::nullopt;
    std::vector<std::int64_t> ids{before_text};
    for (const char c : text) ids.push_back(first_byte + static_cast<unsigned char>(c));
    ids.push_back(after_text);
    return ids;
  }

  [[nodiscard]] std::string decode(std::span<const std::int64_t> ids) const override {
    std::string text;
    for (const std::int64_t id : ids) text += static_cast<char>('a' + id % 26);
    return text;
  }

  PreparationTimes prepare(const Preparation&) override {
    if (behaviour_.fault == Fault::unavailable) throw Unavailable("install a compiler");
    if (behaviour_.fault == Fault::prepare_throws) throw Error("the model cannot be\nprepared");
    return {};
  }

  void generate(const PromptIds& prompt, std::int64_t new_tokens, TokenSink& sink) override {
    FakeRecord::Call& own = record_->calls.emplace_back();
    own.batch = prompt.batch;
    own.prompt_tokens = prompt.tokens;
    own.prompt_ids = prompt.ids;
    own.padding = prompt.padding;
    own.token_ns.reserve(static_cast<std::size_t>(new_tokens) + 1);
    const int call = call_++;
    if (call == behaviour_.fault_at_call) throw_fault();
    if (behaviour_.fault == Fault::one_token_too_few) --new_tokens;
    if (behaviour_.fault == Fault::one_token_too_many) ++new_tokens;
    own.start_ns = monotonic_now_ns();
    if (behaviour_.kind == ModelKind::encoder) return encode(prompt, own, sink);
    for (std::int64_t token = 0; token < new_tokens; ++token) {
      if (behaviour_.before_token) behaviour_.before_token(call, token);
      work_for(token == 0 ? behaviour_.first_token_ns : behaviour_.next_token_ns);
      own.token_ns.push_back(monotonic_now_ns());
      give(sink, prompt.batch, token, call);
    }
  }

  ForwardOutput forward(const PromptIds&) override { throw Error("the fake has no outputs"); }
  [[nodiscard]] Json effective() const override { return {{"kernels", {{"fake", call_}}}}; }

 private:
  void throw_fault() const {
    switch (behaviour_.fault) {
      case Fault::generate_throws:
        throw Error("the model broke");
      case Fault::throws_no_exception_type:
        throw 42;
      case Fault::out_of_memory:
        throw std::bad_alloc();
      default:
        return;
    }
  }

  void encode(const PromptIds& prompt, FakeRecord::Call& own, TokenSink& sink) const {
    work_for(behaviour_.first_token_ns);
    own.token_ns.push_back(monotonic_now_ns());
    if (sink.wants_logits()) {
      std::vector<float> states(static_cast<std::size_t>(prompt.batch * prompt.tokens * 4), 0.5F);
      if (behaviour_.fault == Fault::nan_logits) states[7] = std::numeric_limits<float>::quiet_NaN();
      sink.on_logits(states);
    }
    sink.on_encoded();
  }

  void give(TokenSink& sink, std::int64_t batch, std::int64_t token, int call) {
    if (sink.wants_logits() && behaviour_.fault != Fault::no_logits) {
      std::vector<float> logits(static_cast<std::size_t>(batch * behaviour_.vocab_size), 0.5F);
      if (behaviour_.fault == Fault::nan_logits) logits[7] = std::numeric_limits<float>::quiet_NaN();
      if (behaviour_.fault == Fault::other_output_without_logits) {
        for (std::int64_t row = 0; row < batch; ++row)
          logits[static_cast<std::size_t>(row * behaviour_.vocab_size + token % behaviour_.vocab_size)] = 9;
      }
      sink.on_logits(logits);
    }
    if (behaviour_.fault == Fault::wrong_batch) ++batch;
    std::int64_t shift = behaviour_.fault == Fault::other_output_each_call ? call : 0;
    if (behaviour_.fault == Fault::other_output_without_logits && !sink.wants_logits()) shift = 1;
    ids_.assign(static_cast<std::size_t>(batch), (token + shift) % behaviour_.vocab_size);
    if (behaviour_.fault == Fault::id_outside_vocabulary) ids_.back() = behaviour_.vocab_size;
    sink.on_tokens(ids_);
  }

  FakeBehaviour behaviour_;
  std::shared_ptr<FakeRecord> record_;
  int call_ = 0;
  std::vector<std::int64_t> ids_;
};

}  // namespace

FakeBenchmark::FakeBenchmark(FakeBehaviour behaviour, std::string name)
    : behaviour_(std::move(behaviour)),
      info_{.name = std::move(name),
            .description = "takes known times",
            .kind = behaviour_.kind,
            .default_model = "nobody/Fake-1K",
            .default_prompt = "Once upon a time",
            .default_sequence_length = 12,
            .model_types = {"fake"},
            .variants = {"eager"}} {}

std::unique_ptr<Session> FakeBenchmark::open(const ScenarioConfig& config) const {
  record_->opened.push_back(config);
  if (behaviour_.fault == Fault::open_throws) throw Error("the model cannot be opened");
  return std::make_unique<FakeSession>(behaviour_, record_);
}

void work_for(std::int64_t duration_ns) {
  const std::int64_t end_ns = monotonic_now_ns() + duration_ns;
  constexpr std::int64_t sleep_overshoot_ns = 500'000;
  if (duration_ns > sleep_overshoot_ns) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(duration_ns - sleep_overshoot_ns));
  }
  while (monotonic_now_ns() < end_ns) {
  }
}

}  // namespace bv2::test
