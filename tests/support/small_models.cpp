// A small model of each family, with synthetic weights.
#include "support/small_models.h"

#include <algorithm>
#include <array>

#include "engine/loading/synthetic_weights.h"

namespace bv2::test {
namespace {

struct SmallModel {
  const char* name;
  const char* config;  // with two layers of hidden size 64
};

constexpr std::array models{
    SmallModel{"llama", R"("model_type": "llama", "head_dim": 16)"},
    SmallModel{
        "llama_with_biases",
        R"("model_type": "llama", "attention_bias": true, "mlp_bias": true, "tie_word_embeddings": true)"},
    SmallModel{"mistral", R"("model_type": "mistral", "sliding_window": 8)"},
    SmallModel{"qwen2", R"("model_type": "qwen2")"},
    SmallModel{"qwen3", R"("model_type": "qwen3", "head_dim": 32)"},
    SmallModel{"gemma2",
               R"("model_type": "gemma2", "head_dim": 24, "query_pre_attn_scalar": 24, "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention"])"},
    SmallModel{"gemma3", R"("model_type": "gemma3_text", "head_dim": 24, "query_pre_attn_scalar": 24,
        "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 1000000},
                            "sliding_attention": {"rope_type": "default", "rope_theta": 10000}})"},
    // Its keys have the same strides before and after the transposition of heads and tokens.
    SmallModel{"qwen3_one_key_head", R"("model_type": "qwen3", "head_dim": 32, "num_key_value_heads": 1)"},
    SmallModel{"phi3", R"("model_type": "phi3", "pad_token_id": 0, "original_max_position_embeddings": 256,
        "sliding_window": null)"},
    SmallModel{"gpt2", R"("model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 2, "n_positions": 256,
        "activation_function": "gelu_new")"},
    SmallModel{"gpt_neox", R"("model_type": "gpt_neox", "intermediate_size": 128, "hidden_act": "gelu",
        "use_parallel_residual": true, "tie_word_embeddings": false,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000, "partial_rotary_factor": 0.25})"},
    SmallModel{"mixtral", R"("model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2)"},
    SmallModel{"qwen3_moe", R"("model_type": "qwen3_moe", "head_dim": 24, "num_experts": 8,
        "num_experts_per_tok": 3, "moe_intermediate_size": 40, "norm_topk_prob": true, "mlp_only_layers": [1])"},
    SmallModel{"olmo2", R"("model_type": "olmo2", "num_key_value_heads": 4)"},
    SmallModel{"smollm3", R"("model_type": "smollm3", "no_rope_layers": [1, 0])"},
    SmallModel{"bert", R"("model_type": "bert", "type_vocab_size": 2, "hidden_act": "gelu",
        "intermediate_size": 128, "layer_norm_eps": 1e-12)"},
    SmallModel{"roberta", R"("model_type": "roberta", "type_vocab_size": 1, "hidden_act": "gelu",
        "intermediate_size": 128, "layer_norm_eps": 1e-5, "pad_token_id": 1)"},
    SmallModel{"distilbert", R"("model_type": "distilbert", "dim": 64, "hidden_dim": 128, "n_layers": 2,
        "n_heads": 4, "activation": "gelu")"},
};

Json common_config() {
  return parse_json(
      R"({"vocab_size": 320, "hidden_size": 64, "intermediate_size": 112, "num_hidden_layers": 2,
      "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "rms_norm_eps": 1e-5,
      "rope_parameters": {"rope_type": "default", "rope_theta": 10000}})",
      "common");
}

engine::ModelConfig config_of(const SmallModel& model) {
  Json config = parse_json(fmt::format("{{{}}}", model.config), model.name);
  // Those with names of their own for everything, or without some of the common fields.
  const std::string type = config.at("model_type").get<std::string>();
  const Json common = common_config();
  for (const auto& [key, value] : common.items()) {
    const bool of_encoder = type == "bert" || type == "roberta";
    if (config.contains(key)) continue;
    if (type == "gpt2" && key != "vocab_size") continue;
    if (type == "distilbert" && key != "vocab_size" && key != "max_position_embeddings") continue;
    if ((of_encoder || type == "gpt_neox") && (key == "num_key_value_heads" || key == "rms_norm_eps"))
      continue;
    if (of_encoder && key == "rope_parameters") continue;
    config[key] = value;
  }
  return engine::parse_model_config(config, model.name);
}

}  // namespace

std::vector<std::string> small_models() {
  std::vector<std::string> names;
  for (const SmallModel& model : models) names.emplace_back(model.name);
  return names;
}

std::unique_ptr<engine::Model> make_small_model(const std::string& name, Dtype dtype) {
  const auto* found = std::ranges::find(models, name, &SmallModel::name);
  if (found == models.end()) fail("there is no small model {}", name);
  engine::SyntheticWeights weights(7);
  return engine::make_model(config_of(*found), weights, dtype);
}

}  // namespace bv2::test
