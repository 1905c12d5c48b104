// A checkpoint's config.json as the engine uses it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

/// Rotary position embedding, from `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling`
/// (before).
struct RopeConfig {
  std::string rope_type = "default";  ///< default, linear, dynamic, yarn, llama3 or longrope
  double theta = 10000;
  double partial_rotary_factor = 1;
  /// The type's own numbers, checked, with what transformers puts in where the file has nothing: `factor` for
  /// all but default (in longrope where given); `original_max_position_embeddings` for yarn, llama3,
  /// longrope; `low_freq_factor`, `high_freq_factor` for llama3; `beta_fast`, `beta_slow`, `truncate` for
  /// yarn; `attention_factor`, `mscale`, `mscale_all_dim` where given; `short_factor`, `long_factor` for
  /// longrope.
  Json parameters = Json::object();
};

/// RMSNorm on queries and keys, before they are rotated.
enum class QueryKeyNorm {
  none,
  per_head,   ///< weight [head_dim]
  all_heads,  ///< weight [heads * head_dim]
};

/// What may differ from layer to layer.
struct LayerConfig {
  std::int64_t sliding_window = 0;  ///< keys that a query sees at most, itself included; 0: all
  bool rotary = true;               ///< positions are rotated into queries and keys
  bool local_rope = false;          ///< with ModelConfig::local_rope instead of ModelConfig::rope
  bool experts = false;             ///< the MLP is a mixture of experts
};

/// Sizes and switches. Fields that a family does not have keep their defaults.
struct ModelConfig {
  std::string model_type;  ///< of the text model: gemma3_text for gemma3
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_hidden_layers = 0;
  std::int64_t num_attention_heads = 0;
  std::int64_t num_key_value_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t max_position_embeddings = 0;
  double norm_epsilon = 1e-6;
  double norm_weight_offset = 0;        ///< what RMSNorm adds to its weight (Gemma: 1)
  bool norm_weight_in_float32 = false;  ///< RMSNorm rounds after the weight, not before (Gemma, OLMo 2)
  bool input_norms = true;              ///< false: only what attention and MLP give is normalised (OLMo 2)
  double embedding_scale = 1;
  Activation activation = Activation::silu;
  bool tie_word_embeddings = false;
  bool attention_bias = false;         ///< on the projections to queries, keys and values
  bool attention_output_bias = false;  ///< on the projection after attention
  bool mlp_bias = false;
  bool fused_projections = false;  ///< the checkpoint keeps q, k and v, and gate and up, in one tensor each
  RopeConfig rope;

  std::vector<LayerConfig> layers;  ///< [num_hidden_layers]
  std::int64_t sliding_window = 0;  ///< of the layers that have one; 0: none has
  RopeConfig local_rope;            ///< of the layers that say so (Gemma 3)
  double attention_scale = 0;       ///< factor of q k^T, mostly 1 / sqrt(head_dim)
  double attention_softcap = 0;     ///< 0: off
  double final_softcap = 0;         ///< of the logits; 0: off
  QueryKeyNorm query_key_norm = QueryKeyNorm::none;
  bool parallel_residual = false;  ///< attention and MLP read the same input (GPT-NeoX)
  bool causal = true;              ///< false: an encoder

  std::int64_t num_experts = 0;
  std::int64_t num_experts_per_token = 0;
  std::int64_t moe_intermediate_size = 0;  ///< of one expert
  bool normalize_expert_weights = false;   ///< the chosen experts' weights are made to sum to 1

  std::int64_t type_vocab_size = 0;  ///< segments; 0: no segment embeddings
  std::int64_t position_offset = 0;  ///< row of the position table that the first token has (RoBERTa)
  std::optional<std::int64_t> pad_token_id;

  Json raw;  ///< the whole document, for what only one family reads

  /// The longest sequence that has positions.
  [[nodiscard]] std::int64_t max_sequence_length() const { return max_position_embeddings - position_offset; }
};

/// Reads both the older and the newer form; what a file leaves out has the value that transformers 5 gives
/// it. Every field is handled, is known not to change the result (dropout, token ids, ...), is off (null,
/// false or empty), or is refused with its name. `source` names the document in errors. Throws Error: an
/// unknown model_type (with those supported), a missing or impossible size, an activation or rope_type that
/// is not known, a field that is refused.
ModelConfig parse_model_config(const Json& document, std::string_view source);
/// Reads FOLDER/config.json. Throws UsageError when there is no such folder or no such file in it.
ModelConfig read_model_config(const std::filesystem::path& folder);

/// The model types that parse_model_config knows, sorted.
std::vector<std::string_view> known_model_types();
/// The same for error messages: "bert, distilbert, ...".
std::string known_model_types_text();

}  // namespace bv2::engine
