// Rotary position embedding: the angles, for every rope_type that transformers knows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/loading/model_config.h"
#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// cos and sin of positions: each [rows, 1, positions, rotary_dim], the second half a repetition of the
/// first.
struct CosSin {
  Tensor cos;
  Tensor sin;
};

/// Frequencies of one configuration. As transformers' modeling_rope_utils: angles are products in float32,
/// cosines are taken in float32, multiplied by the type's attention factor and rounded to the dtype. const
/// and thread safe.
class RopeTable {
 public:
  RopeTable() = default;
  /// Throws Error for a rope_type that is not known.
  RopeTable(const RopeConfig& config, std::int64_t head_dim, std::int64_t max_positions);

  /// Positions first ... first + count - 1, one row.
  [[nodiscard]] CosSin cos_sin(std::int64_t first, std::int64_t count, Dtype dtype) const;
  /// Any positions, row-major [rows, positions].
  [[nodiscard]] CosSin cos_sin(std::span<const std::int64_t> positions, std::int64_t rows, Dtype dtype) const;

  /// How many of head_dim's elements are rotated.
  [[nodiscard]] std::int64_t rotary_dim() const { return rotary_dim_; }
  /// The factor of cos and sin (YaRN, LongRoPE), else 1.
  [[nodiscard]] float attention_factor() const { return attention_factor_; }
  /// [rotary_dim / 2], for a sequence of that length: the dynamic type and longrope depend on it.
  [[nodiscard]] std::vector<float> inverse_frequencies(std::int64_t sequence_length) const;

 private:
  RopeConfig config_;
  std::int64_t rotary_dim_ = 0;
  std::int64_t max_positions_ = 0;
  float attention_factor_ = 1;
};

}  // namespace bv2::engine
