// Look-ups in an embedding table, plain or packed (where it is the head's weight too).
#include <cstring>

#include "engine/kernels/panels.h"
#include "engine/kernels/registry.h"
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"
#include "engine/ops/rounding.h"
#include "engine/parallel.h"

namespace bv2::engine {
namespace {

bool fits(const Context&, const Embedding&, const Tensor& ids, const Tensor& table) {
  return (!table.is_plain() || table.is_contiguous()) && ids.is_contiguous() && ids.rank() == 2;
}

void check(std::span<const std::int64_t> ids, std::int64_t rows) {
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= rows) fail("the token id {} is outside of the embedding's {} rows", id, rows);
  }
}

Tensor embedding(Context& context, const Embedding& op, const Tensor& ids, const Tensor& table) {
  const std::span<const std::int64_t> wanted = ids.span<std::int64_t>();
  check(wanted, table.size(0));
  const std::int64_t width = table.size(1);
  const Tensor rows(table.dtype(), {ids.numel(), width});
  const std::size_t row_bytes = static_cast<std::size_t>(width) * size_bytes(table.dtype());
  const auto copy_row = [&](std::int64_t id, std::byte* to) {
    if (table.is_plain())
      std::memcpy(to, table.raw() + static_cast<std::size_t>(id) * row_bytes, row_bytes);
    else
      copy_output(panels_of(table), id, to);
  };
  in_parallel(ids.numel(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      copy_row(wanted[static_cast<std::size_t>(i)], rows.raw() + static_cast<std::size_t>(i) * row_bytes);
    }
  });
  const Tensor result = rows.reshape({ids.size(0), ids.size(1), width});
  return op.scale == 1 ? result : mul_scalar(context, result, rounded(op.scale, table.dtype()));
}

const KernelRegistration<Embedding> registered({.operation = {},
                                                .name = "row_lookup",
                                                .rank = 10,
                                                .when = "a packed or contiguous table",
                                                .dtypes = {Dtype::float32, Dtype::bfloat16, Dtype::float16},
                                                .isa = [](Dtype) { return std::string("any"); }},
                                               fits, embedding);

}  // namespace
}  // namespace bv2::engine
