// Reductions over the last dimension: sum, mean, max, argmax.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/eager/reduce.cpp"
// clang-format off
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format on
#include "engine/eager/loop_nest.h"
#include "engine/eager/operations.h"
#include "engine/parallel.h"
#include "engine/simd/float_vectors-inl.h"

#ifndef BV2_ENGINE_EAGER_REDUCE_ONCE
#define BV2_ENGINE_EAGER_REDUCE_ONCE
namespace bv2::engine::eager {
namespace {

/// Rows of `width` elements side by side, one result each.
struct Reduction {
  BasicOp op;
  Dtype dtype;
  LoopNest nest;  ///< operand 0: the input; its last loop is a row
  const std::byte* input;
  std::byte* output;
  std::size_t width;
};

}  // namespace
}  // namespace bv2::engine::eager
#endif

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {
namespace {

using FloatVec = hn::Vec<FloatTag>;

struct Summing {
  static constexpr float identity = 0;
  HWY_INLINE static FloatVec join(FloatVec sum, FloatVec x) { return hn::Add(sum, x); }
  HWY_INLINE static float across(FloatTag d, FloatVec sum) { return hn::GetLane(hn::SumOfLanes(d, sum)); }
};

struct Largest {  // NaN wins, as in PyTorch
  static constexpr float identity = -HUGE_VALF;
  HWY_INLINE static FloatVec join(FloatVec largest, FloatVec x) {
    // A comparison with NaN is false: x replaces `largest` unless that is larger or NaN.
    const FloatTag d;
    const auto keep = hn::Or(hn::VecFromMask(d, hn::Ge(largest, x)), hn::VecFromMask(d, hn::IsNaN(largest)));
    return hn::IfThenElse(hn::MaskFromVec(keep), largest, x);
  }
  HWY_INLINE static float across(FloatTag d, FloatVec largest) {
    if (!hn::AllFalse(d, hn::IsNaN(largest))) return NAN;
    return hn::GetLane(hn::MaxOfLanes(d, largest));
  }
};

template <class Op, class T>
HWY_INLINE float reduce_row(const T* HWY_RESTRICT x, std::size_t width) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  // Four chains hide the latency of an addition.
  auto r0 = hn::Set(d, Op::identity);
  auto r1 = r0;
  auto r2 = r0;
  auto r3 = r0;
  std::size_t i = 0;
  for (; i + 4 * lanes <= width; i += 4 * lanes) {
    r0 = Op::join(r0, load_floats(d, x + i));
    r1 = Op::join(r1, load_floats(d, x + i + lanes));
    r2 = Op::join(r2, load_floats(d, x + i + 2 * lanes));
    r3 = Op::join(r3, load_floats(d, x + i + 3 * lanes));
  }
  for (; i + lanes <= width; i += lanes) r0 = Op::join(r0, load_floats(d, x + i));
  if (i < width) r1 = Op::join(r1, load_some_floats(d, x + i, width - i, Op::identity));
  return Op::across(d, Op::join(Op::join(r0, r1), Op::join(r2, r3)));
}

template <class T>
HWY_INLINE float reduced(const eager::Reduction& work, const T* row) {
  switch (work.op) {
    case BasicOp::sum:
      return reduce_row<Summing>(row, work.width);
    case BasicOp::mean:
      return reduce_row<Summing>(row, work.width) / static_cast<float>(work.width);
    default:
      return reduce_row<Largest>(row, work.width);
  }
}

/// Where the row's largest value is first found; the first NaN when there is one.
template <class T>
HWY_INLINE std::int64_t first_largest(const T* HWY_RESTRICT row, std::size_t width) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const float value = reduce_row<Largest>(row, width);
  const auto wanted = hn::Set(d, value);
  const bool is_nan = value != value;
  std::size_t i = 0;
  for (; i + lanes <= width; i += lanes) {
    const auto x = load_floats(d, row + i);
    const auto found = hn::FindFirstTrue(d, is_nan ? hn::IsNaN(x) : hn::Eq(x, wanted));
    if (found >= 0) return static_cast<std::int64_t>(i) + found;
  }
  for (; i < width; ++i) {
    const auto x = static_cast<float>(row[i]);
    if (is_nan ? x != x : x == value) break;
  }
  return static_cast<std::int64_t>(i);
}

template <class T>
void reduce_rows_of(const eager::Reduction& work, std::int64_t begin, std::int64_t end) {
  RowCursor cursor(work.nest, begin);
  for (std::int64_t row = begin; row < end; ++row, cursor.next_row()) {
    const T* const x = reinterpret_cast<const T*>(work.input) + cursor.offset(0);
    if (work.op == BasicOp::argmax)
      reinterpret_cast<std::int64_t*>(work.output)[row] = first_largest(x, work.width);
    else
      reinterpret_cast<T*>(work.output)[row] = T(reduced(work, x));
  }
}

void reduce_rows(const eager::Reduction& work, std::int64_t begin, std::int64_t end) {
  switch (work.dtype) {
    case Dtype::bfloat16:
      return reduce_rows_of<BFloat16>(work, begin, end);
    case Dtype::float16:
      return reduce_rows_of<Float16>(work, begin, end);
    default:
      return reduce_rows_of<float>(work, begin, end);
  }
}

}  // namespace
}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {
HWY_EXPORT(reduce_rows);
namespace eager {
namespace {

constexpr std::int64_t grain = 32 << 10U;

void reduce_into(const BasicCall& call, Tensor& result, std::int64_t rows) {
  Tensor x = call.inputs[0];
  const std::int64_t width = x.size(-1);
  if (width > 1 && x.strides()[-1] != 1) x = as_contiguous(x);
  const Reduction work{
      call.op, x.dtype(),    make_loop_nest(x.shape(), std::array{x.strides()}, InnerLoop::last_dimension),
      x.raw(), result.raw(), static_cast<std::size_t>(width)};
  parallel_for(rows, std::max<std::int64_t>(1, grain / std::max<std::int64_t>(1, width)), 1,
               [&](std::int64_t begin, std::int64_t end) {
                 HWY_DYNAMIC_DISPATCH(reduce_rows)(work, begin, end);
               });
}

}  // namespace

Tensor reduce(State&, const BasicCall& call, const TensorType& type) {
  Tensor result(type.dtype, type.shape);
  if (result.numel() > 0) reduce_into(call, result, result.numel());
  return result;
}

}  // namespace eager
}  // namespace bv2::engine
#endif  // HWY_ONCE
