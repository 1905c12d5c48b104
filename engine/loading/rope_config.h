// Reading of the rotary position embedding's parameters from config.json, in both of its forms.
#pragma once

#include <optional>
#include <string_view>

#include "engine/loading/config_reader.h"
#include "engine/loading/model_config.h"

namespace bv2::engine {

/// How a family names the parameters outside of `rope_scaling` or `rope_parameters`, and their defaults.
struct RopeRules {
  double theta = 10000;
  std::string_view theta_key = "rope_theta";
  double partial_rotary_factor = 1;
  std::string_view partial_key = "partial_rotary_factor";
  /// Phi-3: only default and longrope (also called su and yarn), and the default of
  /// `original_max_position_embeddings`.
  std::optional<std::int64_t> longrope_original_positions = {};
};

/// The parameters that all layers share. Reads the fields that it uses from `reader`; `config` has the sizes.
/// Where the same parameter stands in several places the order is that of transformers: inside
/// `rope_scaling` or `rope_parameters` before beside it. Throws Error: a rope_type that is not known, a
/// parameter of it that is missing, impossible or not known.
RopeConfig read_rope(ConfigReader& reader, const ModelConfig& config, const RopeRules& rules);

/// Gemma 3: `rope_parameters.full_attention` and `.sliding_attention`; before transformers 5 `rope_theta` and
/// `rope_scaling` for the former, `rope_local_base_freq` for the latter.
struct LayerRopes {
  RopeConfig full;
  RopeConfig sliding;
};
LayerRopes read_layer_ropes(ConfigReader& reader, const ModelConfig& config);

}  // namespace bv2::engine
