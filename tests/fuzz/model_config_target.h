// Fuzzing of config.json: a document is accepted with sizes that hold, or refused with one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/loading/model_config.h"
#include "fuzz/require.h"

namespace bv2::test {

inline void check_model_config(const engine::ModelConfig& config) {
  require(config.vocab_size > 0 && config.hidden_size > 0 && config.intermediate_size > 0);
  require(config.head_dim > 0 && config.num_attention_heads % config.num_key_value_heads == 0);
  require(config.layers.size() == static_cast<std::size_t>(config.num_hidden_layers));
  require(config.attention_scale > 0 && config.norm_epsilon > 0 && config.rope.theta > 0);
  require(config.num_experts_per_token <= config.num_experts && config.max_sequence_length() > 0);
}

/// What the fuzzer calls with what it makes up, and a test with the corpus.
inline void fuzz_model_config(std::span<const std::byte> file) {
  try {
    check_model_config(engine::parse_model_config(
        parse_json({reinterpret_cast<const char*>(file.data()), file.size()}, "config.json"), "config.json"));
  } catch (const Error& error) {
    require(std::string_view(error.what()).find('\n') == std::string_view::npos);
  }
}

}  // namespace bv2::test
