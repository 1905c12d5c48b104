// A small model of every family.
#include "support/family_models.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "engine/loading/checkpoint.h"
#include "engine/loading/synthetic_weights.h"
#include "support/data.h"
#include "support/model_reference.h"

namespace bv2::test {
namespace {

using engine::Tensor;

struct SmallShape {
  std::string_view model_type;
  std::string_view config;
};

constexpr std::array small_shapes{
    SmallShape{"distilbert",
               R"({"model_type": "distilbert", "vocab_size": 96, "dim": 48, "hidden_dim": 112, "n_layers": 3,
      "n_heads": 3, "activation": "gelu", "max_position_embeddings": 32})"},
    SmallShape{"olmo2",
               R"({"model_type": "olmo2", "vocab_size": 160, "hidden_size": 64, "intermediate_size": 96,
      "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 128,
      "rms_norm_eps": 1e-6, "rope_theta": 500000, "hidden_act": "silu", "tie_word_embeddings": false})"},
    SmallShape{"qwen3_moe",
               R"({"model_type": "qwen3_moe", "vocab_size": 160, "hidden_size": 64, "intermediate_size": 96,
      "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
      "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 1000000, "hidden_act": "silu",
      "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 48, "norm_topk_prob": true,
      "mlp_only_layers": [1], "tie_word_embeddings": false})"},
    SmallShape{"roberta",
               R"({"model_type": "roberta", "vocab_size": 96, "hidden_size": 48, "intermediate_size": 112,
      "num_hidden_layers": 3, "num_attention_heads": 3, "max_position_embeddings": 34, "type_vocab_size": 1,
      "layer_norm_eps": 1e-5, "pad_token_id": 1, "hidden_act": "gelu"})"},
    SmallShape{"smollm3",
               R"({"model_type": "smollm3", "vocab_size": 160, "hidden_size": 64, "intermediate_size": 96,
      "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128,
      "rms_norm_eps": 1e-6, "rope_theta": 5000000, "hidden_act": "silu", "no_rope_layer_interval": 4,
      "tie_word_embeddings": true})"},
};

std::filesystem::path fixture_folder(const std::string& name) { return data_dir() / "models" / name; }

/// Ids from 2 on: 0 is what tests pad with, and 1 is RoBERTa's own padding.
Tensor some_ids(std::int64_t vocab_size) {
  constexpr std::int64_t tokens = 24;
  Tensor ids(Dtype::int64, {2, tokens});
  auto* id = ids.data<std::int64_t>();
  for (std::int64_t i = 0; i < 2 * tokens; ++i) id[i] = 2 + (i * i * 7 + i * 31) % (vocab_size - 2);
  return ids;
}

}  // namespace

std::vector<std::string> family_models() {
  std::vector<std::string> names;
  for (const SmallShape& shape : small_shapes) names.emplace_back(shape.model_type);
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "models")) {
    if (std::filesystem::exists(entry.path() / "expected.safetensors"))
      names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

FamilyModel load_family_model(const std::string& name, Dtype dtype) {
  const auto* small = std::ranges::find(small_shapes, name, &SmallShape::model_type);
  if (small == small_shapes.end()) {
    const std::filesystem::path folder = fixture_folder(name);
    engine::Checkpoint weights(folder);
    return {.model = make_model(engine::read_model_config(folder), weights, dtype),
            .ids = read_model_reference(folder / "expected.safetensors").input_ids};
  }
  const engine::ModelConfig config = engine::parse_model_config(parse_json(small->config, name), name);
  engine::SyntheticWeights weights(1);
  return {.model = make_model(config, weights, dtype), .ids = some_ids(config.vocab_size)};
}

}  // namespace bv2::test
