// The positions of new tokens, each in its own row of a batch that may be padded.
#pragma once

#include "engine/models/model.h"
#include "engine/ops/rope_table.h"

namespace bv2::engine {

/// Where the next `tokens` tokens of each row stand in its own text, leading padding not counted: int64
/// [batch, tokens]. The padding itself has position 0. For a cache whose padding is defined.
Tensor padded_positions(const KvCache& cache, std::int64_t tokens);

/// Their rotation: [batch, 1, tokens, rotary_dim], or [1, 1, tokens, rotary_dim] where nothing is padded.
CosSin next_cos_sin(const RopeTable& rope, const KvCache& cache, std::int64_t tokens, Dtype dtype);

/// Their rows of a table of learned positions [positions, hidden], of which the first `offset` are nobody's:
/// [batch, tokens, hidden], or [tokens, hidden] where nothing is padded. Throws Error where the table has too
/// few.
Tensor next_position_rows(Context& context, const Tensor& table, const KvCache& cache, std::int64_t tokens,
                          std::int64_t offset = 0);

}  // namespace bv2::engine
