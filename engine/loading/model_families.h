// The model families: how each names the fields of ModelConfig, and what transformers takes where one is
// absent.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/loading/config_reader.h"
#include "engine/loading/model_config.h"
#include "engine/loading/rope_config.h"

namespace bv2::engine {

/// An integer of at least 1. `fallback` 0: the field must be there.
struct SizeField {
  std::string_view key;
  std::int64_t ModelConfig::*member;
  std::int64_t fallback = 0;
};

struct FlagField {
  std::string_view key;
  bool ModelConfig::*member;
  bool fallback = false;
};

/// Heads for keys and values, and their size. 0 as default: as many as attention heads; hidden / heads.
struct AttentionSizes {
  bool has_key_value_heads = true;
  std::int64_t default_key_value_heads = 0;
  bool has_head_dim = true;
  std::int64_t default_head_dim = 0;
};

struct Family {
  std::string_view model_type;
  std::vector<SizeField> sizes;
  AttentionSizes attention;
  std::string_view epsilon_key = "rms_norm_eps";  ///< empty: the default, always
  double default_epsilon = 1e-6;
  std::string_view activation_key = "hidden_act";
  std::string_view default_activation = "silu";
  std::vector<FlagField> flags;
  std::optional<RopeRules> rope = RopeRules{};  ///< none: positions are learned, or read by `finish`
  /// Fields of this family that change no result at inference, or none that transformers would give.
  std::vector<std::string_view> of_no_effect;
  /// What is left: windows, experts, ... The sizes are read; `layers` has its length.
  void (*finish)(ConfigReader& reader, ModelConfig& config) = nullptr;
};

/// All of them.
std::span<const Family> model_families();

/// Fields of any family that change no result at inference.
std::span<const std::string_view> fields_of_no_effect();

}  // namespace bv2::engine
