// A benchmark whose modes are the same: each token is the same arithmetic, about 5 ms of it (3 million
// steps, or BV2_TOKEN_STEPS) on one thread; kernelized does BV2_MORE_WORK_PERCENT more. What a run makes of
// them is the run's own doing.
#include <cstdlib>

#include "base/error.h"
#include "framework/model_benchmark.h"

namespace {

constexpr std::int64_t vocab_size = 16;

/// Each step waits for the one before. `value` must not be known to the compiler, nor the result unused: it
/// would leave the work out.
double arithmetic(double value, std::int64_t steps) {
  for (std::int64_t i = 0; i < steps; ++i) value = value * 0.999999 + 1.5e-6;
  return value;
}

double number_from(const char* variable, double otherwise) {
  const char* const given = std::getenv(variable);
  return given == nullptr ? otherwise : std::atof(given);
}

/// Not calibrated: two processes would come out with different work.
std::int64_t steps_a_token(bool more) {
  const double percent = more ? number_from("BV2_MORE_WORK_PERCENT", 0) : 0;
  return static_cast<std::int64_t>(number_from("BV2_TOKEN_STEPS", 3'000'000) * (1 + percent / 100));
}

class FixedWorkSession final : public bv2::Session {
 public:
  explicit FixedWorkSession(bool more) : steps_(steps_a_token(more)) {}
  bv2::ModelFacts facts() const override {
    return {.synthetic_weights = true, .vocab_size = vocab_size, .max_positions = 0, .layers = 1};
  }
  std::optional<std::vector<std::int64_t>> encode(std::string_view) const override { return std::nullopt; }
  std::string decode(std::span<const std::int64_t>) const override { return {}; }
  bv2::PreparationTimes prepare(const bv2::Preparation&) override { return {}; }

  void generate(const bv2::PromptIds& prompt, std::int64_t new_tokens, bv2::TokenSink& sink) override {
    const std::vector<std::int64_t> ids(static_cast<std::size_t>(prompt.batch), 1);
    const std::vector<float> logits(static_cast<std::size_t>(prompt.batch * vocab_size), 0.5F);
    for (std::int64_t step = 0; step < new_tokens; ++step) {
      value_ = arithmetic(value_, steps_);
      if (sink.wants_logits()) sink.on_logits(logits);
      sink.on_tokens(ids);
    }
  }

  bv2::ForwardOutput forward(const bv2::PromptIds&) override { bv2::fail("there are no outputs"); }
  bv2::Json effective() const override { return {{"threads", 1}, {"steps_a_token", steps_}}; }

 private:
  std::int64_t steps_;
  volatile double value_ = 1;
};

class FixedWork final : public bv2::ModelBenchmark {
 public:
  bv2::BenchmarkInfo info() const override {
    return {.name = "fixed_work",
            .description = "the same arithmetic for each token",
            .default_model = "example/fixed_work",
            .default_prompt = "one two three",
            .default_sequence_length = 8,
            .model_types = {"fixed_work"},
            .variants = {"eager", "kernelized"}};
  }
  std::unique_ptr<bv2::Session> open(const bv2::ScenarioConfig& config) const override {
    return std::make_unique<FixedWorkSession>(config.variant == "kernelized");
  }
};

}  // namespace

extern "C" void run_fixed_work(bv2::BenchmarkHost& host) { host.add(std::make_unique<FixedWork>()); }
