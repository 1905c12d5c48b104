// Families and settings that no fixture has, against a second implementation in double precision: small
// random models, on every attention path and kernelized, with a padded row beside a whole one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/eager/eager_executor.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "engine/models/model.h"
#include "engine/ops/basic.h"
#include "support/plain_decoder.h"

namespace bv2::engine {
namespace {

/// Random float32 weights, which are kept as doubles for the other implementation.
class RandomWeights final : public WeightSource {
 public:
  [[nodiscard]] bool has(std::string_view) const override { return true; }
  [[nodiscard]] bool synthetic() const override { return true; }
  Tensor take(std::string_view name, const Shape& shape, Dtype dtype, WeightKind kind) override {
    const double mean = kind == WeightKind::norm_scale ? 1 : 0;
    const double deviation = kind == WeightKind::matrix      ? 1.2 / std::sqrt(static_cast<double>(shape[-1]))
                             : kind == WeightKind::embedding ? 1
                                                             : 0.2;
    std::normal_distribution<double> distribution(mean, deviation);
    Tensor tensor(dtype, shape);
    std::vector<double>& kept = weights[std::string(name)];
    for (float& value : tensor.span<float>()) {
      value = static_cast<float>(distribution(random_));
      kept.push_back(value);
    }
    return tensor;
  }

  test::PlainWeights weights;

 private:
  std::mt19937_64 random_{7};
};

struct Case {
  const char* name;
  const char* settings;      // beside the common ones
  bool fixed_angles = true;  // false: those of a cached key are of the length at its time
};

const Case cases[]{
    {"llama_with_biases", R"("model_type": "llama", "attention_bias": true, "mlp_bias": true)"},
    {"llama_odd_heads", R"("model_type": "llama", "head_dim": 10, "num_attention_heads": 6)"},
    {"llama_wide_heads", R"("model_type": "llama", "head_dim": 72)"},
    {"llama_linear",
     R"("model_type": "llama", "rope_parameters": {"rope_type": "linear", "rope_theta": 10000, "factor": 4})"},
    {"llama_dynamic", R"("model_type": "llama", "max_position_embeddings": 16,
        "rope_parameters": {"rope_type": "dynamic", "rope_theta": 10000, "factor": 4})",
     false},
    {"llama_yarn",
     R"("model_type": "llama", "rope_parameters": {"rope_type": "yarn", "rope_theta": 10000, "factor": 4,
        "original_max_position_embeddings": 64})"},
    {"llama_llama3",
     R"("model_type": "llama", "rope_parameters": {"rope_type": "llama3", "rope_theta": 500000,
        "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 32})"},
    {"olmo2", R"("model_type": "olmo2")"},
    {"olmo2_with_biases", R"("model_type": "olmo2", "attention_bias": true, "tie_word_embeddings": true)"},
    {"smollm3", R"("model_type": "smollm3", "no_rope_layer_interval": 2)"},
    {"smollm3_listed", R"("model_type": "smollm3", "no_rope_layers": [0, 1, 1], "attention_bias": true)"},
    {"qwen3_moe", R"("model_type": "qwen3_moe", "head_dim": 24, "num_experts": 8, "num_experts_per_tok": 3,
        "moe_intermediate_size": 40, "norm_topk_prob": true)"},
    {"qwen3_moe_mixed",
     R"("model_type": "qwen3_moe", "head_dim": 24, "num_experts": 5, "num_experts_per_tok": 2,
        "moe_intermediate_size": 72, "norm_topk_prob": false, "mlp_only_layers": [1], "attention_bias": true)"},
};

Json config_of(const Case& of) {
  Json config =
      parse_json(R"({"vocab_size": 150, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "rms_norm_eps": 1e-5,
    "hidden_act": "silu", "rope_parameters": {"rope_type": "default", "rope_theta": 10000}})",
                 "common");
  config.update(parse_json(fmt::format("{{{}}}", of.settings), of.name));
  return config;
}

constexpr std::int64_t prompt_tokens = 21;
constexpr std::int64_t padded = 6;
constexpr std::int64_t new_tokens = 5;

/// Two rows, the second with leading padding: prefill, then the same new tokens for both.
struct Rows {
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> second;  // without its padding

  [[nodiscard]] Tensor prompt() const {
    std::vector<std::int64_t> ids(first.begin(), first.begin() + prompt_tokens);
    ids.insert(ids.end(), padded, 3);
    ids.insert(ids.end(), second.begin(), second.begin() + prompt_tokens - padded);
    return tensor_of<std::int64_t>(ids, {2, prompt_tokens});
  }
  [[nodiscard]] Tensor step(std::int64_t index) const {
    const auto place = static_cast<std::size_t>(prompt_tokens + index);
    return tensor_of<std::int64_t>(std::vector<std::int64_t>{first[place], second[place - padded]}, {2, 1});
  }
};

Rows random_rows() {
  std::mt19937_64 random(3);
  Rows rows;
  for (std::int64_t i = 0; i < prompt_tokens + new_tokens; ++i)
    rows.first.push_back(static_cast<std::int64_t>(random() % 150));
  for (std::int64_t i = 0; i < prompt_tokens + new_tokens - padded; ++i)
    rows.second.push_back(static_cast<std::int64_t>(random() % 150));
  return rows;
}

/// Row `row`, token `token` of logits against place `place` of the other implementation's.
void expect_logits(const Tensor& logits, std::int64_t row, std::int64_t token,
                   const std::vector<double>& expected, std::int64_t place, const std::string& how) {
  const std::int64_t width = logits.size(2);
  const float* found = logits.data<float>() + (row * logits.size(1) + token) * width;
  for (std::int64_t i = 0; i < width; ++i) {
    const double wanted = expected[static_cast<std::size_t>(place * width + i)];
    ASSERT_NEAR(found[i], wanted, 1e-4 * std::max(1.0, std::abs(wanted)))
        << how << ", row " << row << ", token " << place << ", logit " << i;
  }
}

class PlainModel : public testing::TestWithParam<Case> {
 protected:
  void check(AttentionPath path, bool kernelized) {
    const Json config = config_of(GetParam());
    RandomWeights weights;
    const auto model = make_model(parse_model_config(config, GetParam().name), weights, Dtype::float32);
    KernelSet kernels;
    if (kernelized) {
      pack_weights(*model);
      kernels.table = kernels_for(Dtype::float32);
    }
    EagerExecutor executor;
    Context context(executor, path, kernelized ? &kernels : nullptr);
    const Rows rows = random_rows();
    if (first_.empty() && GetParam().fixed_angles) {  // the weights are the same each time
      first_ = test::plain_logits(config, weights.weights, rows.first);
      second_ = test::plain_logits(config, weights.weights, rows.second);
    }
    const std::string how =
        fmt::format("path {}{}", static_cast<int>(path), kernelized ? ", kernelized" : "");

    KvCache cache = model->make_cache(2, prompt_tokens + new_tokens);
    cache.padding = tensor_of<std::int64_t>(std::vector<std::int64_t>{0, padded}, {2});
    if (!GetParam().fixed_angles) return check_prompt_alone(*model, context, rows, config, weights, how);
    const Tensor logits = model->forward(context, rows.prompt(), cache, LogitsOf::all_tokens);
    for (std::int64_t token = 0; token < prompt_tokens; ++token) {
      expect_logits(logits, 0, token, first_, token, how);
      if (token >= padded) expect_logits(logits, 1, token, second_, token - padded, how);
    }
    for (std::int64_t step = 0; step < new_tokens; ++step) {
      const Tensor next = model->forward(context, rows.step(step), cache, LogitsOf::last_token);
      expect_logits(next, 0, 0, first_, prompt_tokens + step, how);
      expect_logits(next, 1, 0, second_, prompt_tokens + step - padded, how);
    }
  }

 private:
  std::vector<double> first_;  // logits of the rows, by the other implementation
  std::vector<double> second_;

  static void check_prompt_alone(const Model& model, Context& context, const Rows& rows, const Json& config,
                                 const RandomWeights& weights, const std::string& how) {
    const std::vector<std::int64_t> ids(rows.first.begin(), rows.first.begin() + prompt_tokens);
    const std::vector<double> expected = test::plain_logits(config, weights.weights, ids);
    KvCache cache = model.make_cache(1, prompt_tokens);
    const Tensor logits =
        model.forward(context, tensor_of<std::int64_t>(ids, {1, prompt_tokens}), cache, LogitsOf::all_tokens);
    for (std::int64_t token = 0; token < prompt_tokens; ++token)
      expect_logits(logits, 0, token, expected, token, how);
  }
};

TEST_P(PlainModel, EagerEqualsIt) {
  for (const AttentionPath path :
       {AttentionPath::eager, AttentionPath::sdpa_math, AttentionPath::sdpa_flash_attention,
        AttentionPath::sdpa_efficient_attention})
    check(path, false);
}

TEST_P(PlainModel, KernelizedEqualsIt) { check(AttentionPath::sdpa_flash_attention, true); }

INSTANTIATE_TEST_SUITE_P(Settings, PlainModel, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace bv2::engine
