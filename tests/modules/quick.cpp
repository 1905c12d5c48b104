// A benchmark module for tests: every token takes 0.2 ms and is the one after the last; with the math backend
// it fails.
#include <chrono>
#include <thread>

#include "base/error.h"
#include "framework/model_benchmark.h"

namespace {

constexpr std::int64_t vocab_size = 16;
constexpr std::chrono::microseconds token_time(200);

class QuickSession final : public bv2::Session {
 public:
  explicit QuickSession(bool fails) : fails_(fails) {}

  bv2::ModelFacts facts() const override {
    return {.synthetic_weights = true, .vocab_size = vocab_size, .max_positions = 100'000, .layers = 2};
  }
  std::optional<std::vector<std::int64_t>> encode(std::string_view) const override { return std::nullopt; }
  std::string decode(std::span<const std::int64_t>) const override { return {}; }
  bv2::PreparationTimes prepare(const bv2::Preparation&) override { return {}; }

  void generate(const bv2::PromptIds& prompt, std::int64_t new_tokens, bv2::TokenSink& sink) override {
    if (fails_) bv2::fail("the math backend is broken on purpose");
    std::vector<std::int64_t> last;
    for (std::int64_t row = 1; row <= prompt.batch; ++row) {
      last.push_back(prompt.ids[static_cast<std::size_t>(row * prompt.tokens - 1)]);
    }
    for (std::int64_t step = 0; step < new_tokens; ++step) {
      std::this_thread::sleep_for(token_time);
      for (auto& id : last) id = (id + 1) % vocab_size;
      if (sink.wants_logits()) sink.on_logits(logits_for(last));
      sink.on_tokens(last);
    }
  }

  bv2::ForwardOutput forward(const bv2::PromptIds& prompt) override {
    std::vector<std::int64_t> next = prompt.ids;
    for (auto& id : next) id = (id + 1) % vocab_size;
    return {.width = vocab_size, .values = logits_for(next)};
  }

  bv2::Json effective() const override { return {{"threads", 1}}; }

 private:
  static std::vector<float> logits_for(const std::vector<std::int64_t>& ids) {
    std::vector<float> logits(ids.size() * vocab_size, -1);
    for (std::size_t i = 0; i < ids.size(); ++i)
      logits[i * vocab_size + static_cast<std::size_t>(ids[i])] = 2;
    return logits;
  }

  bool fails_;
};

class QuickBenchmark final : public bv2::ModelBenchmark {
 public:
  bv2::BenchmarkInfo info() const override {
    return {.name = "quick",
            .description = "counts on from the last token",
            .default_model = "example/quick-model",
            .default_prompt = "one two three",
            .default_sequence_length = 8,
            .model_types = {"quick"},
            .variants = {"eager"}};
  }
  std::unique_ptr<bv2::Session> open(const bv2::ScenarioConfig& config) const override {
    return std::make_unique<QuickSession>(config.sdpa_backend == "math");
  }
};

}  // namespace

extern "C" void run_quick(bv2::BenchmarkHost& host) { host.add(std::make_unique<QuickBenchmark>()); }
