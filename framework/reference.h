// Reference outputs of a model, computed by something else, as a safetensors file carries them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/model_benchmark.h"

namespace bv2 {

/// What one mixture's router gave and chose. Rows are those of the prompt [batch, tokens], then [batch] for
/// each new token but the last.
struct RouterRecord {
  std::int64_t experts = 0;       ///< that there are
  std::int64_t chosen = 0;        ///< of each row
  std::vector<float> logits;      ///< [rows, experts]
  std::vector<std::int64_t> ids;  ///< [rows, chosen]
  [[nodiscard]] std::int64_t rows() const {
    return chosen > 0 ? static_cast<std::int64_t>(ids.size()) / chosen : 0;
  }
};

/// What the model should give. The outputs are float32.
struct Reference {
  PromptIds input;
  std::string outputs_name = "logits";      ///< or "last_hidden_state"
  ForwardOutput outputs;                    ///< [batch, tokens, width]
  std::int64_t new_tokens = 0;              ///< 0: no generation to compare
  std::vector<std::int64_t> generated_ids;  ///< [batch, new_tokens], the greedy continuation
  std::vector<float> step_logits;       ///< [batch, new_tokens, vocabulary] that it was chosen from, or empty
  std::vector<RouterRecord> routers{};  ///< of each mixture of experts in the model's order, or empty

  /// Of step_logits.
  [[nodiscard]] std::int64_t vocabulary() const {
    const std::int64_t steps = input.batch * new_tokens;
    return steps > 0 ? static_cast<std::int64_t>(step_logits.size()) / steps : 0;
  }
};

/// Reads `input_ids` (int64 [batch, tokens]), `logits` or else `last_hidden_state` (float32 [batch, tokens,
/// width]) and, where it is there, `generated_ids` (int64 [batch, new_tokens]), with `step_logits` (float32
/// [batch, new_tokens, vocabulary]); a file that has these needs no other outputs. Of a mixture of experts it
/// may have `routers.N.experts` (int64 [rows, chosen]) and `routers.N.logits` (float32 [rows, experts]) for N
/// from 0. Throws UsageError naming
/// the file, the entry, and what was expected and found.
Reference read_reference(const std::filesystem::path& path);

/// Writes what read_reference reads. Throws Error naming the path and the cause.
void write_reference(const std::filesystem::path& path, const Reference& reference);

}  // namespace bv2
