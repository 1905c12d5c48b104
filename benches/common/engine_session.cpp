// A session on the built-in engine.
#include "benches/common/engine_session.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/cpu_topology.h"
#include "benches/common/execution_mode.h"
#include "engine/eager/eager_executor.h"
#include "engine/generation/greedy.h"
#include "engine/loading/checkpoint.h"
#include "engine/loading/synthetic_weights.h"
#include "engine/models/forward_cost.h"
#include "engine/ops/basic.h"
#include "engine/ops/isa.h"
#include "engine/threads.h"
#include "engine/tokenizer/tokenizer.h"

namespace bv2 {
namespace {

using engine::AttentionPath;
using engine::Tensor;

struct AttentionName {
  std::string_view implementation;
  std::string_view backend;
  AttentionPath path;
};
constexpr std::array attention_names{
    AttentionName{"eager", "", AttentionPath::eager},
    AttentionName{"sdpa", "math", AttentionPath::sdpa_math},
    AttentionName{"sdpa", "flash_attention", AttentionPath::sdpa_flash_attention},
    AttentionName{"sdpa", "efficient_attention", AttentionPath::sdpa_efficient_attention},
};

AttentionPath attention_path(const ScenarioConfig& config) {
  const std::string backend =
      config.attn_implementation == "eager" ? "" : config.sdpa_backend.value_or("flash_attention");
  for (const AttentionName& name : attention_names) {
    if (name.implementation == config.attn_implementation && name.backend == backend) return name.path;
  }
  fail(
      "the attention '{} {}' is not supported (supported: eager; sdpa with math, flash_attention, "
      "efficient_attention)",
      config.attn_implementation, backend);
}

std::string attention_name(AttentionPath path) {
  const auto* found = std::ranges::find(attention_names, path, &AttentionName::path);
  return found->backend.empty() ? std::string(found->implementation)
                                : fmt::format("{}_{}", found->implementation, found->backend);
}

Dtype run_dtype(const ScenarioConfig& config) {
  constexpr std::array supported{Dtype::float32, Dtype::bfloat16, Dtype::float16};
  const std::optional<Dtype> dtype = dtype_from_name(config.dtype);
  if (dtype && std::ranges::find(supported, *dtype) != supported.end()) return *dtype;
  fail("the dtype '{}' is not supported (supported: float32, bfloat16, float16)", config.dtype);
}

struct LoadedModel {
  std::unique_ptr<engine::Model> model;
  std::optional<engine::Tokenizer> tokenizer;
  bool synthetic = false;
  std::int64_t parameters = 0;
  ForwardCost cost{};
};

/// The model and what its weights say of it.
LoadedModel load(const engine::ModelConfig& shape, engine::WeightSource& source, Dtype dtype) {
  engine::NotingWeights weights(source);
  LoadedModel loaded{.model = make_model(shape, weights, dtype), .tokenizer = {}};
  loaded.synthetic = source.synthetic();
  loaded.parameters = engine::parameter_count(weights.taken());
  loaded.cost = engine::forward_cost(shape, dtype, weights.taken());
  return loaded;
}

/// Gives weights that nobody filled: memory that is not touched is not taken.
class UnfilledWeights final : public engine::WeightSource {
 public:
  [[nodiscard]] bool has(std::string_view /*name*/) const override { return false; }
  Tensor take(std::string_view /*name*/, const engine::Shape& shape, Dtype dtype,
              engine::WeightKind /*kind*/) override {
    return {dtype, shape};
  }
  [[nodiscard]] bool synthetic() const override { return true; }
};

engine::ModelConfig shape_of(const ScenarioConfig& config, std::string_view document, std::string_view name) {
  if (!config.model_id.empty()) return engine::read_model_config(config.model_id);
  return engine::parse_model_config(parse_json(document, name), name);
}

LoadedModel load_synthetic(const ScenarioConfig& config, std::string_view document, std::string_view name) {
  const engine::ModelConfig shape = shape_of(config, document, name);
  engine::SyntheticWeights weights(static_cast<std::uint64_t>(config.seed));
  return load(shape, weights, run_dtype(config));
}

LoadedModel load_checkpoint(const ScenarioConfig& config) {
  const std::filesystem::path folder = config.model_id;
  const engine::ModelConfig shape = shape_of(config, {}, {});
  engine::Checkpoint weights(folder);
  LoadedModel loaded = load(shape, weights, run_dtype(config));
  const std::filesystem::path tokenizer = folder / "tokenizer.json";
  if (std::filesystem::exists(tokenizer)) loaded.tokenizer = engine::Tokenizer::from_file(tokenizer);
  return loaded;
}

void check_supported(const ScenarioConfig& config) {
  if (config.device != "cpu") fail("the device '{}' is not supported (supported: cpu)", config.device);
}

/// Has a context note what it runs for as long as this lives.
class Profiling {
 public:
  Profiling(engine::Context& context, engine::OperationProfile& profile) : context_(context) {
    context_.set_profile(&profile);
  }
  ~Profiling() { context_.set_profile(nullptr); }
  Profiling(const Profiling&) = delete;
  Profiling& operator=(const Profiling&) = delete;

 private:
  engine::Context& context_;
};

/// Runs the model without looking at what it computes.
class EngineSession final : public Session {
 public:
  EngineSession(const ScenarioConfig& config, LoadedModel loaded, AttentionPath attention,
                std::int64_t threads)
      : variant_(config.variant),
        loaded_(std::move(loaded)),
        mode_(make_execution_mode(config, *loaded_.model, attention)),
        threads_(threads) {}

  [[nodiscard]] ModelFacts facts() const override {
    const engine::Model& model = *loaded_.model;
    const auto weight_bytes = static_cast<std::int64_t>(model.weight_bytes());
    return {.kind = model.config().causal ? ModelKind::decoder : ModelKind::encoder,
            .synthetic_weights = loaded_.synthetic,
            .vocab_size = model.config().vocab_size,
            .max_positions = model.config().max_sequence_length(),
            .layers = model.config().num_hidden_layers,
            .parameters = loaded_.parameters,
            .weight_bytes = weight_bytes,
            .forward_cost = loaded_.cost};
  }

  [[nodiscard]] std::optional<std::vector<std::int64_t>> encode(std::string_view text) const override {
    if (!loaded_.tokenizer) return std::nullopt;
    return loaded_.tokenizer->encode(text);
  }

  [[nodiscard]] std::string decode(std::span<const std::int64_t> ids) const override {
    return loaded_.tokenizer ? loaded_.tokenizer->decode(ids) : std::string();
  }

  PreparationTimes prepare(const Preparation& preparation) override {
    engine::set_thread_count(threads_);
    return mode_->prepare(preparation);
  }

  void generate(const PromptIds& prompt, std::int64_t new_tokens, TokenSink& sink) override {
    engine::set_thread_count(threads_);
    begin_forward(prompt, new_tokens);
    if (!loaded_.model->config().causal) return encode(prompt, new_tokens, sink);
    engine::GenerationCallbacks callbacks;
    callbacks.on_tokens = [this, &sink](std::span<const std::int64_t> ids) {
      mixtures_run_ = 0;
      sink.on_tokens(ids);
    };
    if (sink.wants_logits()) {
      callbacks.on_logits = [this, &sink](const Tensor& logits) {
        sink.on_logits(as_float32(logits).span<float>());
      };
    }
    engine::generate_greedy(mode_->runner(), *cache_, ids_tensor(prompt), new_tokens, callbacks);
    mode_->check_ran();
  }

  std::vector<OperationSpan> profile(const PromptIds& prompt, std::int64_t new_tokens,
                                     TokenSink& sink) override {
    (void)profile_.take();  // of one that ended early
    const Profiling profiling(mode_->context(), profile_);
    generate(prompt, new_tokens, sink);
    std::vector<OperationSpan> spans = mode_->take_spans();
    for (OperationSpan& span : profile_.take()) spans.push_back(std::move(span));
    // One that begins with its first part comes before it.
    std::ranges::stable_sort(spans, [](const OperationSpan& a, const OperationSpan& b) {
      return a.start_ns != b.start_ns ? a.start_ns < b.start_ns : a.end_ns > b.end_ns;
    });
    return spans;
  }

  void watch_experts(const ExpertWatch& watch) override {
    if (!watch) return mode_->context().set_expert_watch({});
    mode_->context().set_expert_watch([this, watch](ExpertChoice choice) {
      choice.mixture = mixtures_run_++;
      watch(choice);
    });
  }

  ForwardOutput forward(const PromptIds& prompt) override {
    engine::set_thread_count(threads_);
    begin_forward(prompt, 0);
    const Tensor outputs = as_float32(forward_all(prompt));
    mode_->check_ran();
    const std::span<const float> values = outputs.span<float>();
    return {.width = outputs.size(-1), .values = {values.begin(), values.end()}};
  }

  [[nodiscard]] Json effective() const override {
    Json document = Json::object();
    document["variant"] = variant_;
    document["attention"] = attention_name(mode_->context().attention());
    document["dtype"] = name(loaded_.model->dtype());
    document["isa"] = engine::effective_isa();
    document["threads"] = threads_;
    document["definitions"] = mode_->context().record().definitions;
    document["kernels"] = mode_->context().record().kernels;
    mode_->describe(document);
    return document;
  }

 private:
  void encode(const PromptIds& prompt, std::int64_t new_tokens, TokenSink& sink) {
    if (new_tokens != 0) fail("an encoder generates no tokens, and {} were asked for", new_tokens);
    const Tensor states = forward_all(prompt);
    if (sink.wants_logits()) sink.on_logits(as_float32(states).span<float>());
    sink.on_encoded();
    mode_->check_ran();
  }

  Tensor forward_all(const PromptIds& prompt) {
    cache_->clear();
    return mode_->runner().run(ids_tensor(prompt), *cache_, engine::LogitsOf::all_tokens).logits;
  }

  static Tensor ids_tensor(const PromptIds& prompt) {
    return engine::tensor_of<std::int64_t>(prompt.ids, {prompt.batch, prompt.tokens});
  }

  /// Outside of the mode's own context, whose record is of the model alone.
  Tensor as_float32(const Tensor& x) { return contiguous(conversion_, cast(conversion_, x, Dtype::float32)); }

  /// Reuses the memory of the call before where it has the same shape, so that a measured call allocates no
  /// cache.
  void begin_forward(const PromptIds& prompt, std::int64_t new_tokens) {
    const std::int64_t capacity = prompt.tokens + new_tokens;
    if (!cache_ || cache_->capacity != capacity || cache_batch_ != prompt.batch) {
      cache_.reset();
      cache_ = loaded_.model->make_cache(prompt.batch, capacity);
      cache_batch_ = prompt.batch;
    }
    mixtures_run_ = 0;
    cache_->padding = {};
    if (!prompt.padding.empty())
      cache_->padding = engine::tensor_of<std::int64_t>(prompt.padding, {prompt.batch});
  }

  std::string variant_;
  LoadedModel loaded_;
  std::unique_ptr<ExecutionMode> mode_;
  engine::EagerExecutor executor_;
  engine::Context conversion_{executor_, AttentionPath::eager};
  std::int64_t threads_;
  std::optional<engine::KvCache> cache_;
  engine::OperationProfile profile_;  // what is taken leaves its memory: new pages take longer than notes
  std::int64_t cache_batch_ = 0;
  std::int64_t mixtures_run_ = 0;  // in the current forward
};

}  // namespace

std::int64_t engine_parameter_count(const ScenarioConfig& config, std::string_view default_config,
                                    std::string_view default_name) {
  UnfilledWeights weights;
  return load(shape_of(config, default_config, default_name), weights, Dtype::bfloat16).parameters;
}

std::unique_ptr<Session> open_engine_session(const ScenarioConfig& config, std::string_view default_config,
                                             std::string_view default_name) {
  check_supported(config);
  const AttentionPath attention = attention_path(config);
  const std::int64_t threads = config.threads > 0 ? config.threads : physical_core_count();
  engine::set_thread_count(threads);
  LoadedModel loaded = config.model_id.empty() ? load_synthetic(config, default_config, default_name)
                                               : load_checkpoint(config);
  return std::make_unique<EngineSession>(config, std::move(loaded), attention, threads);
}

}  // namespace bv2
