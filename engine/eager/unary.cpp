// Element-wise operations of one input, with or without a number.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/eager/unary.cpp"
// clang-format off
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format on
#include "engine/eager/elementwise.h"
#include "engine/eager/elementwise_runs-inl.h"
#include "engine/eager/operations.h"
#include "engine/parallel.h"
#include "engine/simd/float_math-inl.h"
#include "engine/simd/float_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {
namespace {

// Each: what is done to a vector, and the tag of the vectors that it is done on.
struct Neg {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag, hn::Vec<Tag> x, hn::Vec<Tag>) { return hn::Neg(x); }
};
struct Exp {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) { return exp_floats(d, x); }
};
struct Rsqrt {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) {
    return hn::Div(hn::Set(d, 1.F), hn::Sqrt(x));
  }
};
struct Tanh {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) { return tanh_floats(d, x); }
};
struct Sigmoid {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) { return sigmoid_floats(d, x); }
};
struct Silu {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) { return silu_floats(d, x); }
};
struct Gelu {
  using Tag = HalfFloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) { return gelu_floats(d, x); }
};
struct GeluTanh {
  using Tag = HalfFloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) { return gelu_tanh_floats(d, x); }
};
struct Relu {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) {
    return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x);  // NaN stays
  }
};
struct Sin {
  using Tag = HalfFloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) { return sine_floats(d, x, 0); }
};
struct Cos {
  using Tag = HalfFloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag d, hn::Vec<Tag> x, hn::Vec<Tag>) { return sine_floats(d, x, 1); }
};
struct AddScalar {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag, hn::Vec<Tag> x, hn::Vec<Tag> number) {
    return hn::Add(x, number);
  }
};
struct MulScalar {
  using Tag = FloatTag;
  HWY_INLINE static hn::Vec<Tag> apply(Tag, hn::Vec<Tag> x, hn::Vec<Tag> number) {
    return hn::Mul(x, number);
  }
};

template <class Op, class T>
struct UnaryRun {
  float scalar;
  HWY_INLINE void operator()(T* HWY_RESTRICT output, const T* HWY_RESTRICT x, const T*,
                             std::size_t count) const {
    const typename Op::Tag d;
    const auto number = hn::Set(d, scalar);
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
      store_floats(d, Op::apply(d, load_floats(d, x + i), number), output + i);
    if (i == count) return;
    const auto last = Op::apply(d, load_some_floats(d, x + i, count - i), number);
    store_some_floats(d, last, output + i, count - i);
  }
};

template <class Op>
void unary_of(const eager::Elementwise& work, eager::ElementRange range) {
  switch (work.dtype) {
    case Dtype::bfloat16:
      return for_each_run<BFloat16>(work, range, UnaryRun<Op, BFloat16>{work.scalar});
    case Dtype::float16:
      return for_each_run<Float16>(work, range, UnaryRun<Op, Float16>{work.scalar});
    default:
      return for_each_run<float>(work, range, UnaryRun<Op, float>{work.scalar});
  }
}

void unary_range(const eager::Elementwise& work, eager::ElementRange range) {
  switch (work.op) {
    case BasicOp::neg:
      return unary_of<Neg>(work, range);
    case BasicOp::exp:
      return unary_of<Exp>(work, range);
    case BasicOp::rsqrt:
      return unary_of<Rsqrt>(work, range);
    case BasicOp::tanh:
      return unary_of<Tanh>(work, range);
    case BasicOp::sigmoid:
      return unary_of<Sigmoid>(work, range);
    case BasicOp::silu:
      return unary_of<Silu>(work, range);
    case BasicOp::gelu:
      return unary_of<Gelu>(work, range);
    case BasicOp::gelu_tanh:
      return unary_of<GeluTanh>(work, range);
    case BasicOp::relu:
      return unary_of<Relu>(work, range);
    case BasicOp::sin:
      return unary_of<Sin>(work, range);
    case BasicOp::cos:
      return unary_of<Cos>(work, range);
    case BasicOp::add_scalar:
      return unary_of<AddScalar>(work, range);
    default:
      return unary_of<MulScalar>(work, range);
  }
}

}  // namespace
}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {
HWY_EXPORT(unary_range);
namespace eager {
namespace {

/// Elements that a thread should have at least; where an operation computes more, fewer pay.
std::int64_t grain_of(BasicOp op) {
  switch (op) {
    case BasicOp::neg:
    case BasicOp::relu:
    case BasicOp::add_scalar:
    case BasicOp::mul_scalar:
      return 32 << 10U;
    case BasicOp::gelu:
    case BasicOp::gelu_tanh:
    case BasicOp::sin:
    case BasicOp::cos:
      return 4 << 10U;
    default:
      return 8 << 10U;
  }
}

}  // namespace

Tensor unary(State&, const BasicCall& call, const TensorType& type) {
  Tensor result(type.dtype, type.shape);
  if (result.numel() == 0) return result;
  Elementwise work{call.op, type.dtype, static_cast<float>(call.attributes.scalar), {}, result.raw(), {}};
  Tensor x = call.inputs[0];
  const auto plan = [&] {
    work.nest = make_loop_nest(type.shape, std::array{result.strides(), x.strides()});
    work.inputs[0] = work.inputs[1] = x.raw();
    return work.nest.inner_stride(1);
  };
  if (plan() != 1) {
    x = as_contiguous(x);
    plan();
  }
  parallel_for(work.nest.count, grain_of(call.op), elements_a_line,
               [&](std::int64_t begin, std::int64_t end) {
                 HWY_DYNAMIC_DISPATCH(unary_range)(work, {begin, end});
               });
  return result;
}

}  // namespace eager
}  // namespace bv2::engine
#endif  // HWY_ONCE
