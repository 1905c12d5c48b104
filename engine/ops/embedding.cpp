// Embedding: rows of the table, scaled (Gemma).
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"
#include "engine/ops/rounding.h"

namespace bv2::engine {

Tensor Embedding::define(Context& context, const Tensor& ids, const Tensor& table) const {
  const Tensor rows = take_rows(context, table, ids);
  // transformers keeps the scale in the table's dtype, which bfloat16 rounds visibly.
  return scale == 1 ? rows : mul_scalar(context, rows, rounded(scale, table.dtype()));
}

std::int64_t Embedding::touched_bytes(const Tensor& result, const Tensor& ids, const Tensor& /*table*/) {
  return engine::touched_bytes(ids) + 2 * engine::touched_bytes(result);
}

}  // namespace bv2::engine
