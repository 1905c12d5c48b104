// The rows that a product reads, in float32.
#include "engine/kernels/row_input.h"

#include "engine/parallel.h"

namespace bv2::engine {
namespace {

/// Memory that grows to the largest call.
struct RowScratch {
  Tensor values;

  float* reserve(std::int64_t count) {
    if (!values.defined() || values.numel() < count) values = Tensor(Dtype::float32, {count});
    return values.data<float>();
  }
};

// Below this a parallel region costs more than the conversion.
constexpr std::int64_t parallel_threshold = 32768;

}  // namespace

ProductInput row_input(Context& context, const Tensor& x) {
  const std::int64_t count = x.numel();
  const std::int64_t rows = count == 0 ? 0 : count / x.size(-1);
  if (x.dtype() == Dtype::float32) return {.x = x.data<float>(), .rows = rows};
  float* to = context.kernel_state().get<RowScratch>().reserve(count);
  if (count < parallel_threshold) {
    widen(x.dtype(), x.raw(), count, to);
  } else {
    in_parallel(count / 64, [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t last = end == count / 64 ? count : end * 64;
      widen(x.dtype(), x.raw() + static_cast<std::size_t>(begin) * 64 * size_bytes(x.dtype()),
            last - begin * 64, to + begin * 64);
    });
  }
  return {.x = to, .rows = rows};
}

}  // namespace bv2::engine
