// The angles of rotary position embedding as cos and sin, for every rope_type of transformers' Llama.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/loading/model_config.h"
#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// What Rotary takes: [batch or 1, 1, tokens, rotary_dim], the halves of the last dimension the same.
struct CosSin {
  Tensor cos;
  Tensor sin;
};
template <class Visit>
void visit_tensors(const CosSin& angles, const Visit& visit) {
  visit(angles.cos);
  visit(angles.sin);
}

/// Inverse frequencies of a model, which for some types depend on the sequence's length. Immutable: threads
/// may share it.
class RopeTable {
 public:
  /// Those of a sequence of that many tokens, [rotary_dim / 2].
  [[nodiscard]] std::vector<float> inverse_frequencies(std::int64_t sequence_length) const;
  [[nodiscard]] std::int64_t rotary_dim() const { return 2 * static_cast<std::int64_t>(frequencies_.size()); }
  /// What cos and sin are multiplied by (YaRN, LongRoPE).
  [[nodiscard]] double attention_factor() const { return attention_factor_; }

  /// Positions [first, first + count), the last being the sequence's last: [1, 1, count, rotary_dim].
  /// Computed in float32 as transformers does (position * inverse frequency, cos, times the factor), then
  /// rounded to the dtype.
  [[nodiscard]] CosSin cos_sin(std::int64_t first_position, std::int64_t count, Dtype dtype) const;
  /// The same into cos and sin, row-major; allocates nothing where the frequencies are those of every length.
  void cos_sin_into(std::int64_t first_position, const CosSin& out) const;
  /// positions int64 [batch, tokens], the largest of each row being its sequence's last -> [batch, 1, tokens,
  /// rotary_dim].
  [[nodiscard]] CosSin cos_sin(const Tensor& positions, Dtype dtype) const;

 private:
  friend RopeTable make_rope_table(const RopeConfig&, std::int64_t, std::int64_t);

  std::vector<float> frequencies_;
  double attention_factor_ = 1;
  std::int64_t long_from_ = 0;  // longer sequences than this have frequencies of their own, if there are any
  std::function<std::vector<float>(std::int64_t)> long_frequencies_;
};

/// rope_type default, linear, dynamic (NTK by the length), yarn (Peng et al. 2023), llama3 (Llama 3.1),
/// longrope (Ding et al. 2024). `max_positions` is the configuration's max_position_embeddings. Throws Error
/// naming the type, or the parameter that is missing or impossible.
RopeTable make_rope_table(const RopeConfig& config, std::int64_t head_dim, std::int64_t max_positions);

}  // namespace bv2::engine
