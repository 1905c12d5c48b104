// The last projection with the choice of the largest output, for a few rows: the logits stay in registers.
#include <vector>

#include "engine/kernels/panel_products.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/row_input.h"
#include "engine/ops/block.h"
#include "engine/parallel.h"
#include "engine/threads.h"

namespace bv2::engine {
namespace {

constexpr std::int64_t max_rows = 4;  // as the streaming kernel of linear layers

bool fits(const Context&, const GreedyHead&, const Tensor& x, const Tensor& weight) {
  return x.is_contiguous() && x.numel() > 0 && !weight.is_plain() && weight.size(0) > 0 &&
         x.numel() <= max_rows * x.size(-1);
}

Tensor greedy_head(Context& context, const GreedyHead&, const Tensor& x, const Tensor& weight) {
  const ProductInput input = row_input(context, x);
  const PanelMatrix matrix = panels_of(weight);
  const std::int64_t threads = matrix.panels() > 1 ? thread_count() : 1;
  std::vector<LargestOutput> found(static_cast<std::size_t>(threads * input.rows));  // [threads, rows]
  on_team(threads, [&](const TeamThread& thread) {
    join_largest_of_panels(input, matrix, matrix.panels() * thread.index / thread.count,
                           matrix.panels() * (thread.index + 1) / thread.count,
                           found.data() + thread.index * input.rows);
  });
  Tensor chosen(Dtype::int64, {x.size(0), x.size(1)});
  for (std::int64_t row = 0; row < input.rows; ++row) {
    // In the order of outputs, so that the first of equal ones stays.
    LargestOutput largest;
    for (std::int64_t thread = 0; thread < threads; ++thread) {
      const LargestOutput& of_thread = found[static_cast<std::size_t>(thread * input.rows + row)];
      if (of_thread.index >= 0 && is_larger(of_thread.value, largest)) largest = of_thread;
    }
    chosen.data<std::int64_t>()[row] = largest.index;
  }
  return chosen;
}

const KernelRegistration<GreedyHead> registered({.operation = {},
                                                 .name = "panel_gemv_argmax",
                                                 .rank = 10,
                                                 .when = "packed weights, at most 4 rows of x",
                                                 .dtypes = {Dtype::float32, Dtype::bfloat16, Dtype::float16},
                                                 .isa = own_isa},
                                                fits, greedy_head);

}  // namespace
}  // namespace bv2::engine
