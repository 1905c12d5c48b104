// The interface between the framework and what it measures: a benchmark offers scenarios, a session does one
// of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expert_choice.h"
#include "base/forward_cost.h"
#include "base/json.h"
#include "base/operation_span.h"
#include "framework/scenario_config.h"

namespace bv2 {

class EngineServices;

/// A decoder continues a prompt token by token; an encoder gives hidden states of its tokens, all at once.
enum class ModelKind { decoder, encoder };
std::span<const std::string_view> enum_names(ModelKind kind);

/// Token ids of a batch of prompts. The shorter ones have padding before them, which changes nothing of what
/// they give.
struct PromptIds {
  std::int64_t batch = 1;
  std::int64_t tokens = 0;          ///< of the longest
  std::vector<std::int64_t> ids{};  ///< [batch, tokens]
  std::vector<std::int64_t>
      padding{};  ///< [batch]: leading ids of each row that are padding; empty: none are
};

/// Receives what a model gives, from the thread that computes it: a decoder's new tokens, or word that an
/// encoder's hidden states are there.
class TokenSink {
 public:
  virtual ~TokenSink() = default;
  /// One new token of each sequence ([batch]) is available to the caller now. May throw to end the
  /// generation.
  virtual void on_tokens(std::span<const std::int64_t> ids) = 0;
  /// An encoder's hidden states of the whole batch are available to the caller now.
  virtual void on_encoded() {}
  /// Sinks that check rather than measure ask for the logits too, or for the hidden states.
  [[nodiscard]] virtual bool wants_logits() const { return false; }
  /// The logits [batch, vocabulary] that the next on_tokens was chosen from, or the hidden states [batch,
  /// tokens, hidden] that the next on_encoded is about. Only called when wants_logits().
  virtual void on_logits(std::span<const float> /*logits*/) {}
};

/// What a whole prompt gives: logits [batch, tokens, width = vocabulary] of a decoder, last_hidden_state
/// [batch, tokens, width = hidden] of an encoder.
struct ForwardOutput {
  std::int64_t width = 0;
  std::vector<float> values;
};

/// What there is to know of the loaded model.
struct ModelFacts {
  ModelKind kind = ModelKind::decoder;
  bool synthetic_weights = false;
  std::int64_t vocab_size = 0;
  std::int64_t max_positions = 0;  ///< prompt and new tokens together; 0: no limit
  std::int64_t layers = 0;  ///< 0: not known; what rounding may cost (framework/verify.h) follows from it
  std::int64_t parameters = 0;
  std::int64_t weight_bytes = 0;              ///< in the run's dtype
  std::optional<ForwardCost> forward_cost{};  ///< missing: not known; then there is no share of a limit
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("kind", self.kind);
    visit("synthetic_weights", self.synthetic_weights);
    visit("vocab_size", self.vocab_size);
    visit("max_positions", self.max_positions);
    visit("layers", self.layers);
    visit("parameters", self.parameters);
    visit("weight_bytes", self.weight_bytes);
    visit("forward_cost", self.forward_cost);
  }
};

/// What a session is about to be asked for, and what it should leave for people to look at.
struct Preparation {
  PromptIds prompt{};                      ///< what it will be given; other prompts have to work too
  std::int64_t new_tokens = 0;             ///< a sequence
  std::filesystem::path dump_graph_dir{};  ///< compiled: its graphs go there as text; empty: nowhere
  std::filesystem::path dump_code_dir{};   ///< compiled: the generated sources go there; empty: nowhere
};

/// Where the time of a preparation went. What the mode does not do is missing.
struct PreparationTimes {
  std::optional<double> pack_seconds{};       ///< weights to the kernels' layout
  std::optional<double> trace_seconds{};      ///< the forward to graphs, and the passes over them
  std::optional<double> autotune_seconds{};   ///< variants of the code, timed
  std::optional<double> emit_seconds{};       ///< graphs to source text
  std::optional<double> compile_seconds{};    ///< the compiler; 0: all came from the cache
  std::optional<double> load_code_seconds{};  ///< to find built code, to check and to load it
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("pack_seconds", self.pack_seconds);
    visit("trace_seconds", self.trace_seconds);
    visit("autotune_seconds", self.autotune_seconds);
    visit("emit_seconds", self.emit_seconds);
    visit("compile_seconds", self.compile_seconds);
    visit("load_code_seconds", self.load_code_seconds);
  }
};

/// One loaded model in one mode. Used by one thread; destroyed when its scenario ends. Everything throws
/// Error with one line.
class Session {
 public:
  virtual ~Session() = default;
  [[nodiscard]] virtual ModelFacts facts() const = 0;
  /// Token ids of a text, special tokens included; nothing where the checkpoint has no tokenizer.
  [[nodiscard]] virtual std::optional<std::vector<std::int64_t>> encode(std::string_view text) const = 0;
  /// The text of token ids; empty without a tokenizer.
  [[nodiscard]] virtual std::string decode(std::span<const std::int64_t> ids) const = 0;
  /// Whatever the mode does once before it can run (pack, trace, compile): measured as a phase. Throws
  /// Unavailable where the machine lacks what the mode needs.
  virtual PreparationTimes prepare(const Preparation& preparation) = 0;
  /// A decoder: greedy generation of exactly `new_tokens` tokens a sequence; end-of-sequence is ignored. An
  /// encoder: one forward of the batch, then one call of on_encoded; `new_tokens` is 0. Each call starts from
  /// an empty cache.
  virtual void generate(const PromptIds& prompt, std::int64_t new_tokens, TokenSink& sink) = 0;
  /// Likewise, and what ran meanwhile on the calling thread, in the order of the beginnings; nothing where
  /// the engine does not note it. Noting takes time: this is never measured.
  virtual std::vector<OperationSpan> profile(const PromptIds& prompt, std::int64_t new_tokens,
                                             TokenSink& sink) {
    generate(prompt, new_tokens, sink);
    return {};
  }
  /// From now on every mixture of experts calls `watch` before it runs what the choice then says; empty:
  /// nobody is asked. Nothing happens in models without one.
  virtual void watch_experts(const ExpertWatch& /*watch*/) {}
  /// The outputs of all positions, for verification.
  virtual ForwardOutput forward(const PromptIds& prompt) = 0;
  /// What really ran so far: kernels, attention path, threads ... An object.
  [[nodiscard]] virtual Json effective() const = 0;
};

/// What a benchmark is and offers.
struct BenchmarkInfo {
  std::string name;         ///< of its file in benches/
  std::string description;  ///< one line
  ModelKind kind = ModelKind::decoder;
  std::string default_model;  ///< model_id of the built-in shape, e.g. "HuggingFaceTB/SmolLM2-135M"
  /// Of a smaller built-in shape, which scenarios name as their model_id ("small-qwen3"): nobody has
  /// published it, so that the name stands for nothing else. Empty: there is none.
  std::string small_model{};
  std::string default_prompt;  ///< the text that is measured when none is given
  std::int64_t default_sequence_length = 128;
  std::vector<std::string> model_types;      ///< of config.json: the checkpoints that it can take
  std::vector<std::string> variants;         ///< of eager, compiled, kernelized: those that work
  std::vector<std::string> compile_modes{};  ///< of the compiled variant: those that work
};

/// A benchmark. Stateless; may be used from one thread at a time.
class ModelBenchmark {
 public:
  virtual ~ModelBenchmark() = default;
  [[nodiscard]] virtual BenchmarkInfo info() const = 0;
  /// The scenarios of a coverage level (0 to 4), modes and attention implementations only; the framework adds
  /// sizes and filters. The default is the framework's common choice for the variants of info().
  [[nodiscard]] virtual std::vector<ScenarioConfig> scenarios(int level) const;
  /// Weights that open(config) would load, found without loading them; missing where that is not known.
  [[nodiscard]] virtual std::optional<std::int64_t> parameter_count(const ScenarioConfig& /*config*/) const {
    return std::nullopt;
  }
  /// Loads the model: measured as a phase.
  [[nodiscard]] virtual std::unique_ptr<Session> open(const ScenarioConfig& config) const = 0;
  /// What else its engine offers the program's commands; null: nothing. Lives as long as the module is
  /// loaded; all benchmarks of one engine give the same one.
  [[nodiscard]] virtual const EngineServices* services() const { return nullptr; }
};

/// What a module's runner function is given: `extern "C" void run_NAME(bv2::BenchmarkHost& host)` hands its
/// benchmark over. The host runs, lists or verifies it, as the command line asked.
class BenchmarkHost {
 public:
  virtual ~BenchmarkHost() = default;
  virtual void add(std::unique_ptr<ModelBenchmark> benchmark) = 0;
};

}  // namespace bv2
