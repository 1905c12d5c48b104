// What makes layers differ (windows, experts, rotation), family by family, as transformers' modeling files do
// it.
#include "engine/loading/family_layers.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/shown_text.h"
#include "engine/loading/rope_config.h"

namespace bv2::engine {
namespace {

constexpr std::string_view full_attention = "full_attention";
constexpr std::string_view sliding_attention = "sliding_attention";

/// The field, its default where it is absent, 0 (off) where it is null.
std::int64_t size_or_off(ConfigReader& reader, std::string_view key, std::int64_t fallback) {
  if (!reader.contains(key)) return fallback;
  return reader.size(key).value_or(0);
}

double number_or_off(ConfigReader& reader, std::string_view key, double fallback) {
  if (!reader.contains(key)) return fallback;
  return reader.positive(key).value_or(0);
}

/// `layer_types`, or `by_index` where the file has none: which layers slide over `window` keys.
void set_windows(ConfigReader& reader, ModelConfig& config, std::int64_t window,
                 const std::function<bool(std::int64_t layer)>& by_index) {
  const auto types = reader.texts("layer_types");
  const auto count = static_cast<std::size_t>(config.num_hidden_layers);
  if (types && types->size() != count) reader.fail_field("layer_types", fmt::format("{} texts", count));
  for (std::size_t layer = 0; layer < count; ++layer) {
    if (types && types->at(layer) != full_attention && types->at(layer) != sliding_attention) {
      reader.fail_field("layer_types", fmt::format("{} or {} only, not '{}'", full_attention,
                                                   sliding_attention, shown(types->at(layer))));
    }
    const bool slides =
        types ? types->at(layer) == sliding_attention : by_index(static_cast<std::int64_t>(layer));
    if (!slides) continue;
    if (window == 0) reader.fail_field("layer_types", "no sliding_attention, as there is no sliding_window");
    config.layers[layer].sliding_window = window;
    config.sliding_window = window;
  }
}

/// One window for all layers; layer_types may only say the same.
void set_window_of_all(ConfigReader& reader, ModelConfig& config, std::int64_t window) {
  set_windows(reader, config, window, [&](std::int64_t) { return window != 0; });
  const auto other = [&](const LayerConfig& layer) { return layer.sliding_window != window; };
  if (std::ranges::any_of(config.layers, other)) {
    reader.fail_field("layer_types", fmt::format("the same for all layers of a {}", config.model_type));
  }
}

/// Qwen: the window counts where use_sliding_window says so.
std::int64_t used_window(ConfigReader& reader, std::int64_t fallback) {
  const std::int64_t window = size_or_off(reader, "sliding_window", fallback);
  return reader.flag("use_sliding_window").value_or(false) ? window : 0;
}

void set_experts(ConfigReader& reader, ModelConfig& config, std::string_view count_key,
                 std::int64_t default_count, std::int64_t default_chosen) {
  config.num_experts = reader.size(count_key).value_or(default_count);
  config.num_experts_per_token = reader.size("num_experts_per_tok").value_or(default_chosen);
  if (config.num_experts_per_token > config.num_experts) {
    reader.fail_field("num_experts_per_tok", fmt::format("at most {}, {}", count_key, config.num_experts));
  }
}

void set_gemma(ConfigReader& reader, ModelConfig& config) {
  config.attention_output_bias = config.attention_bias;
  config.norm_weight_offset = 1;
  config.norm_weight_in_float32 = true;
  config.embedding_scale = std::sqrt(static_cast<double>(config.hidden_size));
  config.attention_scale = 1 / std::sqrt(reader.positive("query_pre_attn_scalar").value_or(256));
}

/// Learned positions, biases everywhere.
void set_bert_like(ConfigReader& reader, ModelConfig& config) {
  const auto kind = reader.text("position_embedding_type");
  if (kind && *kind != "absolute") reader.fail_field("position_embedding_type", "absolute");
  config.causal = false;
  config.attention_bias = config.attention_output_bias = config.mlp_bias = true;
  for (LayerConfig& layer : config.layers) layer.rotary = false;
}

}  // namespace

void finish_llama(ConfigReader& /*reader*/, ModelConfig& config) {
  config.attention_output_bias = config.attention_bias;
}

void finish_mistral(ConfigReader& reader, ModelConfig& config) {
  set_window_of_all(reader, config, size_or_off(reader, "sliding_window", 4096));
}

void finish_mixtral(ConfigReader& reader, ModelConfig& config) {
  set_window_of_all(reader, config, size_or_off(reader, "sliding_window", 0));
  set_experts(reader, config, "num_local_experts", 8, 2);
  config.moe_intermediate_size = config.intermediate_size;
  config.normalize_expert_weights = true;
  for (LayerConfig& layer : config.layers) layer.experts = true;
}

void finish_phi3(ConfigReader& reader, ModelConfig& config) {
  config.fused_projections = true;
  set_window_of_all(reader, config, size_or_off(reader, "sliding_window", 0));
}

void finish_qwen2(ConfigReader& reader, ModelConfig& config) {
  config.attention_bias = true;  // on queries, keys and values, always; never on the output
  const std::int64_t window = used_window(reader, 4096);
  const std::int64_t first_sliding = reader.integer("max_window_layers").value_or(28);
  set_windows(reader, config, window,
              [&](std::int64_t layer) { return window != 0 && layer >= first_sliding; });
}

void finish_qwen3(ConfigReader& reader, ModelConfig& config) {
  const bool bias = config.attention_bias;
  finish_qwen2(reader, config);
  config.attention_bias = config.attention_output_bias = bias;
  config.query_key_norm = QueryKeyNorm::per_head;
}

void finish_qwen3_moe(ConfigReader& reader, ModelConfig& config) {
  config.attention_output_bias = config.attention_bias;
  config.query_key_norm = QueryKeyNorm::per_head;
  set_window_of_all(reader, config, used_window(reader, 4096));
  set_experts(reader, config, "num_experts", 128, 8);
  config.moe_intermediate_size = reader.size("moe_intermediate_size").value_or(768);
  config.normalize_expert_weights = reader.flag("norm_topk_prob").value_or(false);
  const std::int64_t step = reader.size("decoder_sparse_step").value_or(1);
  const std::vector<std::int64_t> dense =
      reader.integers("mlp_only_layers").value_or(std::vector<std::int64_t>());
  for (std::int64_t index = 0; index < config.num_hidden_layers; ++index) {
    const bool dense_here = std::ranges::find(dense, index) != dense.end();
    config.layers[static_cast<std::size_t>(index)].experts = !dense_here && (index + 1) % step == 0;
  }
}

void finish_olmo2(ConfigReader& /*reader*/, ModelConfig& config) {
  config.attention_output_bias = config.attention_bias;
  config.query_key_norm = QueryKeyNorm::all_heads;
  config.norm_weight_in_float32 = true;
  config.input_norms = false;
}

void finish_smollm3(ConfigReader& reader, ModelConfig& config) {
  config.attention_output_bias = config.attention_bias;
  const auto given = reader.integers("no_rope_layers");  // 1: the layer rotates
  const std::int64_t interval = reader.size("no_rope_layer_interval").value_or(4);
  if (given && given->size() < config.layers.size()) {
    reader.fail_field("no_rope_layers", fmt::format("{} integers", config.layers.size()));
  }
  for (std::size_t index = 0; index < config.layers.size(); ++index) {
    config.layers[index].rotary =
        given ? given->at(index) != 0 : (static_cast<std::int64_t>(index) + 1) % interval != 0;
  }
  const std::int64_t window = used_window(reader, 0);
  set_windows(reader, config, window, [&](std::int64_t layer) {
    return window != 0 && !config.layers[static_cast<std::size_t>(layer)].rotary;
  });
}

void finish_gemma2(ConfigReader& reader, ModelConfig& config) {
  set_gemma(reader, config);
  config.attention_softcap = number_or_off(reader, "attn_logit_softcapping", 50);
  config.final_softcap = number_or_off(reader, "final_logit_softcapping", 30);
  set_windows(reader, config, size_or_off(reader, "sliding_window", 4096),
              [](std::int64_t layer) { return layer % 2 == 0; });
}

void finish_gemma3(ConfigReader& reader, ModelConfig& config) {
  set_gemma(reader, config);
  config.query_key_norm = QueryKeyNorm::per_head;
  config.attention_softcap = number_or_off(reader, "attn_logit_softcapping", 0);
  config.final_softcap = number_or_off(reader, "final_logit_softcapping", 0);
  const std::int64_t pattern = reader.size("sliding_window_pattern").value_or(6);
  set_windows(reader, config, size_or_off(reader, "sliding_window", 4096),
              [&](std::int64_t layer) { return (layer + 1) % pattern != 0; });
  const LayerRopes ropes = read_layer_ropes(reader, config);
  config.rope = ropes.full;
  config.local_rope = ropes.sliding;
  for (LayerConfig& layer : config.layers) layer.local_rope = layer.sliding_window != 0;
}

void finish_gpt2(ConfigReader& reader, ModelConfig& config) {
  config.intermediate_size = reader.size("n_inner").value_or(4 * config.hidden_size);
  config.attention_bias = config.attention_output_bias = config.mlp_bias = true;
  if (!reader.flag("scale_attn_weights").value_or(true)) config.attention_scale = 1;
  for (LayerConfig& layer : config.layers) layer.rotary = false;
}

void finish_gpt_neox(ConfigReader& reader, ModelConfig& config) {
  config.attention_output_bias = config.attention_bias;
  config.mlp_bias = true;
  // Some files repeat the rotary numbers under the names of other families, which transformers does not read.
  const auto theta = reader.number("rope_theta");
  if (theta && *theta != config.rope.theta)
    reader.fail_field("rope_theta", fmt::format("{}", config.rope.theta));
  const auto partial = reader.number("partial_rotary_factor");
  if (partial && *partial != config.rope.partial_rotary_factor) {
    reader.fail_field("partial_rotary_factor", fmt::format("{}", config.rope.partial_rotary_factor));
  }
}

void finish_bert(ConfigReader& reader, ModelConfig& config) {
  set_bert_like(reader, config);
  if (!config.pad_token_id) config.pad_token_id = 0;
}

void finish_roberta(ConfigReader& reader, ModelConfig& config) {
  set_bert_like(reader, config);
  if (!config.pad_token_id) config.pad_token_id = 1;
  config.position_offset = *config.pad_token_id + 1;
  if (config.position_offset < 0 || config.position_offset >= config.max_position_embeddings) {
    reader.fail_field("pad_token_id", fmt::format("0 to {}", config.max_position_embeddings - 2));
  }
}

void finish_distilbert(ConfigReader& reader, ModelConfig& config) {
  set_bert_like(reader, config);
  if (!config.pad_token_id) config.pad_token_id = 0;
}

}  // namespace bv2::engine
