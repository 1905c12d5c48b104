// The positions of new tokens, each in its own row of a batch that may be padded.
#include "engine/models/positions.h"

#include <algorithm>

#include "engine/ops/basic.h"

namespace bv2::engine {

Tensor padded_positions(const KvCache& cache, std::int64_t tokens) {
  const std::span<const std::int64_t> padding = cache.padding.span<std::int64_t>();
  Tensor positions(Dtype::int64, {cache.padding.size(0), tokens});
  auto* place = positions.data<std::int64_t>();
  for (const std::int64_t leading : padding) {
    for (std::int64_t token = 0; token < tokens; ++token) {
      *place++ = std::max<std::int64_t>(0, cache.length + token - leading);
    }
  }
  return positions;
}

CosSin next_cos_sin(const RopeTable& rope, const KvCache& cache, std::int64_t tokens, Dtype dtype) {
  if (!cache.padding.defined()) return rope.cos_sin(cache.length, tokens, dtype);
  return rope.cos_sin(padded_positions(cache, tokens), dtype);
}

Tensor next_position_rows(Context& context, const Tensor& table, const KvCache& cache, std::int64_t tokens,
                          std::int64_t offset) {
  const std::int64_t first = cache.length + offset;
  if (first + tokens > table.size(0)) {
    fail("{} tokens after {} do not fit into a model with {} positions", tokens, cache.length,
         table.size(0) - offset);
  }
  if (!cache.padding.defined()) return slice(context, table, 0, first, first + tokens);
  const Tensor positions = padded_positions(cache, tokens);
  for (std::int64_t& position : positions.span<std::int64_t>()) position += offset;
  return take_rows(context, table, positions);
}

}  // namespace bv2::engine
