// Reference outputs of a model, computed by something else, as a safetensors file carries them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/model_benchmark.h"

namespace bv2 {

/// What the model should give. The outputs are float32.
struct Reference {
  PromptIds input;
  std::string outputs_name = "logits";      ///< or "last_hidden_state"
  ForwardOutput outputs;                    ///< [batch, tokens, width]
  std::int64_t new_tokens = 0;              ///< 0: no generation to compare
  std::vector<std::int64_t> generated_ids;  ///< [batch, new_tokens], the greedy continuation
};

/// Reads `input_ids` (int64 [batch, tokens]), `logits` or else `last_hidden_state` (float32 [batch, tokens,
/// width]) and, where it is there, `generated_ids` (int64 [batch, new_tokens]). Throws UsageError naming the
/// file, the entry, and what was expected and found.
Reference read_reference(const std::filesystem::path& path);

}  // namespace bv2
