// The positions of new tokens, each in its own row of a batch that may be padded.
#include "engine/models/positions.h"

#include <algorithm>

#include "engine/ops/basic.h"

namespace bv2::engine {

Tensor PaddedPositions::define(Context&, const Tensor& padding, std::int64_t first,
                               std::int64_t count) const {
  Tensor positions(Dtype::int64, {padding.size(0), count});
  write(padding, first, positions);
  return positions;
}

void PaddedPositions::write(const Tensor& padding, std::int64_t first, const Tensor& positions) const {
  const std::int64_t count = positions.size(1);
  auto* place = positions.data<std::int64_t>();
  for (const std::int64_t leading : padding.span<std::int64_t>()) {
    for (std::int64_t token = 0; token < count; ++token) {
      *place++ = std::max<std::int64_t>(0, first + token - leading) + offset;
    }
  }
}

CosSin RotaryAngles::define(Context& context, const Tensor& padding, std::int64_t first,
                            std::int64_t count) const {
  if (!padding.defined()) return table->cos_sin(first, count, dtype);
  return table->cos_sin(PaddedPositions{}.define(context, padding, first, count), dtype);
}

CosSin next_cos_sin(Context& context, const RopeTable& rope, const KvCache& cache, std::int64_t tokens,
                    Dtype dtype) {
  return context.apply(RotaryAngles{&rope, dtype}, cache.padding, cache.length, tokens);
}

Tensor next_position_rows(Context& context, const Tensor& table, const KvCache& cache, std::int64_t tokens,
                          std::int64_t offset) {
  const std::int64_t first = cache.length + offset;
  if (first + tokens > table.size(0)) {
    fail("{} tokens after {} do not fit into a model with {} positions", tokens, cache.length,
         table.size(0) - offset);
  }
  if (!cache.padding.defined()) return slice(context, table, 0, first, first + tokens);
  const Tensor positions = context.apply(PaddedPositions{offset}, cache.padding, cache.length, tokens);
  return take_rows(context, table, positions);
}

}  // namespace bv2::engine
