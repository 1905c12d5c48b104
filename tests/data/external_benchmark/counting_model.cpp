// A benchmark of a model that continues a prompt by counting on from its last token.
#include <numeric>

#include "base/error.h"
#include "framework/model_benchmark.h"

namespace {

constexpr std::int64_t vocab_size = 1000;

class CountingSession final : public bv2::Session {
 public:
  bv2::ModelFacts facts() const override {
    return {.synthetic_weights = true, .vocab_size = vocab_size, .max_positions = 512};
  }

  std::optional<std::vector<std::int64_t>> encode(std::string_view) const override { return std::nullopt; }
  std::string decode(std::span<const std::int64_t>) const override { return {}; }
  bv2::PreparationTimes prepare(const bv2::Preparation&) override { return {}; }

  void generate(const bv2::PromptIds& prompt, std::int64_t new_tokens, bv2::TokenSink& sink) override {
    std::vector<std::int64_t> last;  // of each sequence
    for (std::int64_t row = 0; row < prompt.batch; ++row) {
      last.push_back(prompt.ids[static_cast<std::size_t>((row + 1) * prompt.tokens - 1)]);
    }
    for (std::int64_t step = 0; step < new_tokens; ++step) {
      for (auto& id : last) id = (id + 1) % vocab_size;
      if (sink.wants_logits()) sink.on_logits(logits_for(last));
      sink.on_tokens(last);
    }
  }

  bv2::ForwardOutput forward(const bv2::PromptIds& prompt) override {
    std::vector<std::int64_t> next(prompt.ids);
    for (auto& id : next) id = (id + 1) % vocab_size;
    return {.width = vocab_size, .values = logits_for(next)};
  }

  bv2::Json effective() const override { return {{"variant", "eager"}, {"threads", 1}}; }

 private:
  /// 1 for the id that comes, 0 for all others.
  static std::vector<float> logits_for(const std::vector<std::int64_t>& ids) {
    std::vector<float> logits(ids.size() * vocab_size);
    for (std::size_t i = 0; i < ids.size(); ++i)
      logits[i * vocab_size + static_cast<std::size_t>(ids[i])] = 1;
    return logits;
  }
};

class CountingBenchmark final : public bv2::ModelBenchmark {
 public:
  bv2::BenchmarkInfo info() const override {
    return {.name = "counting-model",
            .description = "counts on from the last token of the prompt",
            .default_model = "example/counting-model",
            .default_prompt = "one two three",
            .default_sequence_length = 8,
            .model_types = {"counting"},
            .variants = {"eager"}};
  }

  std::unique_ptr<bv2::Session> open(const bv2::ScenarioConfig& config) const override {
    if (!config.model_id.empty())
      bv2::fail("counting-model has no checkpoints, '{}' was asked for", config.model_id);
    return std::make_unique<CountingSession>();
  }
};

}  // namespace

extern "C" void run_counting_model(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<CountingBenchmark>());
}
