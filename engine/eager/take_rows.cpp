// take_rows: look-ups in a table.
#include <cstring>

#include "engine/eager/operations.h"
#include "engine/parallel.h"

namespace bv2::engine::eager {
namespace {

// Rows lie anywhere in memory: a copy waits for it, so a second thread pays earlier than for long copies.
constexpr std::int64_t grain_bytes = 64 << 10U;

}  // namespace

Tensor take_rows(State&, const BasicCall& call, const TensorType& type) {
  const Tensor& table = call.inputs[0];
  const Tensor ids = as_contiguous(call.inputs[1]);
  for (const std::int64_t id : ids.span<std::int64_t>()) {
    if (id < 0 || id >= table.size(0))
      fail("take_rows: the id {} is outside of the table {}", id, to_string(table.shape()));
  }
  Tensor result(type.dtype, type.shape);
  if (result.numel() == 0) return result;

  const Tensor rows = table.strides()[1] == 1 || table.size(1) == 1 ? table : as_contiguous(table);
  const auto element_bytes = static_cast<std::int64_t>(size_bytes(table.dtype()));
  const std::int64_t row_bytes = table.size(1) * element_bytes;
  const std::int64_t stride_bytes = rows.strides()[0] * element_bytes;
  const std::int64_t* const id = ids.data<std::int64_t>();
  const std::byte* const from = rows.raw();
  std::byte* const to = result.raw();
  parallel_for(ids.numel(), std::max<std::int64_t>(1, grain_bytes / row_bytes), 1,
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i)
                   std::memcpy(to + i * row_bytes, from + id[i] * stride_bytes,
                               static_cast<std::size_t>(row_bytes));
               });
  return result;
}

}  // namespace bv2::engine::eager
