// The positions of new tokens, each in its own row of a batch that may be padded.
#pragma once

#include "engine/models/model.h"
#include "engine/ops/rope_table.h"

namespace bv2::engine {

/// Where tokens [first, first + count) of each row stand in its own text, its leading padding (int64 [batch])
/// not counted, plus `offset`: int64 [batch, count]. The padding itself has position 0 (plus offset). A layer
/// operation so that a tracer sees where positions come from.
struct PaddedPositions {
  static constexpr std::string_view name = "padded_positions";
  static constexpr bool from_positions = true;
  std::int64_t offset = 0;
  Tensor define(Context& context, const Tensor& padding, std::int64_t first, std::int64_t count) const;
  /// The same into `positions`, row-major.
  void write(const Tensor& padding, std::int64_t first, const Tensor& positions) const;
};

/// The rotation of tokens [first, first + count): [batch, 1, count, rotary_dim], or [1, 1, count, rotary_dim]
/// where padding is undefined.
struct RotaryAngles {
  static constexpr std::string_view name = "rotary_angles";
  static constexpr bool from_positions = true;
  const RopeTable* table = nullptr;
  Dtype dtype = Dtype::float32;
  CosSin define(Context& context, const Tensor& padding, std::int64_t first, std::int64_t count) const;
};

/// The rotation of the next `tokens` tokens.
CosSin next_cos_sin(Context& context, const RopeTable& rope, const KvCache& cache, std::int64_t tokens,
                    Dtype dtype);

/// Their rows of a table of learned positions [positions, hidden], of which the first `offset` are nobody's:
/// [batch, tokens, hidden], or [tokens, hidden] where nothing is padded. Throws Error where the table has too
/// few.
Tensor next_position_rows(Context& context, const Tensor& table, const KvCache& cache, std::int64_t tokens,
                          std::int64_t offset = 0);

}  // namespace bv2::engine
