// The walk over the rows of an element-wise operation. Compiled once for each target.
#include "engine/eager/elementwise.h"
#include "hwy/highway.h"

// clang-format off
#if defined(BV2_ENGINE_EAGER_ELEMENTWISE_RUNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BV2_ENGINE_EAGER_ELEMENTWISE_RUNS_INL_H_
#undef BV2_ENGINE_EAGER_ELEMENTWISE_RUNS_INL_H_
#else
#define BV2_ENGINE_EAGER_ELEMENTWISE_RUNS_INL_H_
#endif
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

/// Calls run(output, a, b, count) for every run of elements of the range that lies within one row.
template <class T, class Run>
HWY_INLINE void for_each_run(const eager::Elementwise& work, eager::ElementRange range, const Run& run) {
  const LoopNest& nest = work.nest;
  const std::int64_t inner = nest.inner_size();
  const std::int64_t row = range.begin / inner;
  std::int64_t skipped = range.begin - row * inner;
  RowCursor cursor(nest, row);
  for (std::int64_t position = range.begin; position < range.end; cursor.next_row()) {
    const std::int64_t count = HWY_MIN(range.end - position, inner - skipped);
    run(reinterpret_cast<T*>(work.output) + position,
        reinterpret_cast<const T*>(work.inputs[0]) + cursor.offset(1) + skipped * nest.inner_stride(1),
        reinterpret_cast<const T*>(work.inputs[1]) + cursor.offset(2) + skipped * nest.inner_stride(2),
        static_cast<std::size_t>(count));
    position += count;
    skipped = 0;
  }
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // BV2_ENGINE_EAGER_ELEMENTWISE_RUNS_INL_H_
