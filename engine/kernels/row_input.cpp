// The rows that a product reads, laid out for it.
#include "engine/kernels/row_input.h"

#include "engine/parallel.h"

namespace bv2::engine {
namespace {

// Below this a parallel region costs more than the conversion.
constexpr std::int64_t parallel_threshold = 32768;

}  // namespace

float* RowScratch::reserve(std::int64_t count) {
  if (!values_.defined() || values_.numel() < count) values_ = Tensor(Dtype::float32, {count});
  return values_.data<float>();
}

ProductInput lay_out_rows(Dtype dtype, const std::byte* x, const RowLayout& layout, float* to) {
  if (dtype == Dtype::float32 && layout.rows == 1)
    return {.x = reinterpret_cast<const float*>(x), .rows = layout.rows};
  const auto lay_out = [&](std::int64_t begin, std::int64_t end) {
    lay_out_strips(dtype, x, layout, begin, end, to);
  };
  if (layout.rows * layout.depth < parallel_threshold)
    lay_out(0, layout.strips());
  else
    in_parallel(layout.strips(), lay_out);
  return {.x = to, .rows = layout.rows};
}

ProductInput row_input(Context& context, const Tensor& x) {
  const std::int64_t depth = x.size(-1);
  const RowLayout layout{.rows = x.numel() == 0 ? 0 : x.numel() / depth, .depth = depth};
  return lay_out_rows(x.dtype(), x.raw(), layout,
                      context.kernel_state().get<RowScratch>().reserve(x.numel()));
}

}  // namespace bv2::engine
