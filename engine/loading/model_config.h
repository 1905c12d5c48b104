// A checkpoint's config.json as the engine uses it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

/// Rotary position embedding, from `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling`
/// (before).
struct RopeConfig {
  std::string rope_type = "default";
  double theta = 10000;
  double partial_rotary_factor = 1;
  Json parameters = Json::object();  ///< the type's own numbers, e.g. factor, low_freq_factor
};

/// Sizes and switches. Fields that a family does not have keep their defaults.
struct ModelConfig {
  std::string model_type;
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_hidden_layers = 0;
  std::int64_t num_attention_heads = 0;
  std::int64_t num_key_value_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t max_position_embeddings = 0;
  double norm_epsilon = 1e-6;
  Activation activation = Activation::silu;
  bool tie_word_embeddings = false;
  bool attention_bias = false;
  bool mlp_bias = false;
  RopeConfig rope;
  Json raw;  ///< the whole document, for what only one family reads
};

/// Reads both the older and the newer form. `source` names the document in errors. Throws Error: an unknown
/// model_type (with those supported), a missing or impossible size, an activation or rope_type that is not
/// known.
ModelConfig parse_model_config(const Json& document, std::string_view source);
/// Reads FOLDER/config.json.
ModelConfig read_model_config(const std::filesystem::path& folder);

}  // namespace bv2::engine
