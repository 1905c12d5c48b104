// Element-wise operations of two inputs that broadcast.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/eager/binary.cpp"
// clang-format off
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format on
#include "engine/eager/elementwise.h"
#include "engine/eager/elementwise_runs-inl.h"
#include "engine/eager/operations.h"
#include "engine/parallel.h"
#include "engine/simd/float_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {
namespace {

using FloatVec = hn::Vec<FloatTag>;

struct Add {
  HWY_INLINE static FloatVec apply(FloatVec a, FloatVec b) { return hn::Add(a, b); }
};
struct Sub {
  HWY_INLINE static FloatVec apply(FloatVec a, FloatVec b) { return hn::Sub(a, b); }
};
struct Mul {
  HWY_INLINE static FloatVec apply(FloatVec a, FloatVec b) { return hn::Mul(a, b); }
};
struct Div {
  HWY_INLINE static FloatVec apply(FloatVec a, FloatVec b) { return hn::Div(a, b); }
};
struct Maximum {  // NaN wins, as in PyTorch
  HWY_INLINE static FloatVec apply(FloatVec a, FloatVec b) {
    const auto larger = hn::IfThenElse(hn::Gt(a, b), a, b);  // b where b is NaN
    return hn::IfThenElse(hn::IsNaN(a), a, larger);
  }
};

enum class Step { one, zero };

/// `count` elements from p, or one element repeated.
template <Step step, class T>
HWY_INLINE FloatVec operand(FloatTag d, const T* p, std::size_t i, FloatVec repeated) {
  return step == Step::zero ? repeated : load_floats(d, p + i);
}

template <Step step, class T>
HWY_INLINE FloatVec some_of_operand(FloatTag d, const T* p, std::size_t count, FloatVec repeated) {
  return step == Step::zero ? repeated : load_some_floats(d, p, count, 1);
}

template <class Op, class T, Step step_a, Step step_b>
struct BinaryRun {
  HWY_INLINE void operator()(T* HWY_RESTRICT output, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                             std::size_t count) const {
    const FloatTag d;
    const auto first_a = hn::Set(d, static_cast<float>(*a));
    const auto first_b = hn::Set(d, static_cast<float>(*b));
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      const auto result = Op::apply(operand<step_a>(d, a, i, first_a), operand<step_b>(d, b, i, first_b));
      store_floats(d, result, output + i);
    }
    if (i == count) return;
    const auto last =
        Op::apply(some_of_operand<step_a>(d, a + (step_a == Step::one ? i : 0), count - i, first_a),
                  some_of_operand<step_b>(d, b + (step_b == Step::one ? i : 0), count - i, first_b));
    store_some_floats(d, last, output + i, count - i);
  }
};

template <class Op, class T>
void binary_of_type(const eager::Elementwise& work, eager::ElementRange range) {
  const bool repeats_a = work.nest.inner_stride(1) == 0;
  const bool repeats_b = work.nest.inner_stride(2) == 0;
  if (repeats_a && repeats_b) return for_each_run<T>(work, range, BinaryRun<Op, T, Step::zero, Step::zero>{});
  if (repeats_a) return for_each_run<T>(work, range, BinaryRun<Op, T, Step::zero, Step::one>{});
  if (repeats_b) return for_each_run<T>(work, range, BinaryRun<Op, T, Step::one, Step::zero>{});
  for_each_run<T>(work, range, BinaryRun<Op, T, Step::one, Step::one>{});
}

template <class Op>
void binary_of(const eager::Elementwise& work, eager::ElementRange range) {
  switch (work.dtype) {
    case Dtype::bfloat16:
      return binary_of_type<Op, BFloat16>(work, range);
    case Dtype::float16:
      return binary_of_type<Op, Float16>(work, range);
    default:
      return binary_of_type<Op, float>(work, range);
  }
}

void binary_range(const eager::Elementwise& work, eager::ElementRange range) {
  switch (work.op) {
    case BasicOp::add:
      return binary_of<Add>(work, range);
    case BasicOp::sub:
      return binary_of<Sub>(work, range);
    case BasicOp::mul:
      return binary_of<Mul>(work, range);
    case BasicOp::div:
      return binary_of<Div>(work, range);
    default:
      return binary_of<Maximum>(work, range);
  }
}

}  // namespace
}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {
HWY_EXPORT(binary_range);
namespace eager {
namespace {

// Elements that a thread should have at least; an estimate.
constexpr std::int64_t grain = 16 << 10U;

}  // namespace

Tensor binary(State&, const BasicCall& call, const TensorType& type) {
  Tensor result(type.dtype, type.shape);
  if (result.numel() == 0) return result;
  Elementwise work{call.op, type.dtype, 0, {}, result.raw(), {}};
  Tensor a = call.inputs[0];
  Tensor b = call.inputs[1];
  const auto plan = [&] {
    work.nest = make_loop_nest(type.shape, std::array{result.strides(), broadcast_strides(a, type.shape),
                                                      broadcast_strides(b, type.shape)});
    work.inputs[0] = a.raw();
    work.inputs[1] = b.raw();
    return work.nest.inner_stride(1) <= 1 && work.nest.inner_stride(2) <= 1;
  };
  if (!plan()) {
    a = as_contiguous(a);
    b = as_contiguous(b);
    plan();
  }
  parallel_for(work.nest.count, grain, elements_a_line, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(binary_range)(work, {begin, end});
  });
  return result;
}

}  // namespace eager
}  // namespace bv2::engine
#endif  // HWY_ONCE
