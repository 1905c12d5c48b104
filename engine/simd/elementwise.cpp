// Element-wise operations and reductions over contiguous runs. Compiled once for each target.
#include "engine/simd/elementwise.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/simd/elementwise.cpp"
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format off
#include "engine/simd/float_math-inl.h"
#include "engine/simd/float_vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {

/// Calls visit with a null pointer of the element type.
template <class Visit>
void with_type(Dtype dtype, Visit&& visit) {
  if (dtype == Dtype::float32) visit(static_cast<const float*>(nullptr));
  if (dtype == Dtype::bfloat16) visit(static_cast<const BFloat16*>(nullptr));
  if (dtype == Dtype::float16) visit(static_cast<const Float16*>(nullptr));
}

/// out[i ..] = function(i, count): whole vectors, then what is left.
template <class D, class T, class Load>
HWY_INLINE void for_each_vector(D d, T* out, std::int64_t count, Load&& load) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store_floats(d, load(i, hn::Lanes(d)), out + i);
  if (i < count) {
    const auto left = static_cast<std::size_t>(count - i);
    store_some_floats(d, load(i, left), out + i, left);
  }
}

template <class D, class T>
HWY_INLINE hn::Vec<D> load_count(D d, const T* p, std::size_t count) {
  return count == hn::Lanes(d) ? load_floats(d, p) : load_some_floats(d, p, count);
}

template <class D, class T, class Function>
HWY_INLINE void map(D d, const T* x, T* out, std::int64_t count, Function&& function) {
  for_each_vector(d, out, count,
                  [&](std::int64_t i, std::size_t n) { return function(d, load_count(d, x + i, n)); });
}

template <class T>
void unary(UnaryFunction function, const T* x, T* out, std::int64_t count) {
  const FloatTag d;
  const HalfFloatTag half;  // for functions that compute in float64
  const auto run = [&](auto tag, auto body) { map(tag, x, out, count, body); };
  switch (function) {
    case UnaryFunction::neg:
      return run(d, [](auto t, auto v) HWY_ATTR {
        (void)t;
        return hn::Neg(v);
      });
    case UnaryFunction::exp:
      return run(d, [](auto t, auto v) HWY_ATTR { return exp_floats(t, v); });
    case UnaryFunction::rsqrt:
      return run(d, [](auto t, auto v) HWY_ATTR { return hn::Div(hn::Set(t, 1.F), hn::Sqrt(v)); });
    case UnaryFunction::tanh:
      return run(d, [](auto t, auto v) HWY_ATTR { return tanh_floats(t, v); });
    case UnaryFunction::sigmoid:
      return run(d, [](auto t, auto v) HWY_ATTR { return sigmoid_floats(t, v); });
    case UnaryFunction::silu:
      return run(d, [](auto t, auto v) HWY_ATTR { return silu_floats(t, v); });
    case UnaryFunction::gelu:
      return run(half, [](auto t, auto v) HWY_ATTR { return gelu_floats(t, v); });
    case UnaryFunction::gelu_tanh:
      return run(half, [](auto t, auto v) HWY_ATTR { return gelu_tanh_floats(t, v); });
    case UnaryFunction::relu:
      // NaN stays NaN: it is not below zero.
      return run(
          d, [](auto t, auto v) HWY_ATTR { return hn::IfThenElse(hn::Lt(v, hn::Zero(t)), hn::Zero(t), v); });
    case UnaryFunction::sin:
      return run(half, [](auto t, auto v) HWY_ATTR { return sine_floats(t, v, 0); });
    case UnaryFunction::cos:
      return run(half, [](auto t, auto v) HWY_ATTR { return sine_floats(t, v, 1); });
  }
}

/// NaN where either is, as PyTorch.
template <class D>
HWY_INLINE hn::Vec<D> larger(D d, hn::Vec<D> a, hn::Vec<D> b) {
  (void)d;
  const auto of_numbers = hn::IfThenElse(hn::Gt(a, b), a, b);
  return hn::IfThenElse(hn::IsNaN(a), a, of_numbers);
}

template <class D>
HWY_INLINE hn::Vec<D> combine(D d, BinaryFunction function, hn::Vec<D> a, hn::Vec<D> b) {
  switch (function) {
    case BinaryFunction::add:
      return hn::Add(a, b);
    case BinaryFunction::sub:
      return hn::Sub(a, b);
    case BinaryFunction::mul:
      return hn::Mul(a, b);
    case BinaryFunction::div:
      return hn::Div(a, b);
    case BinaryFunction::maximum:
      return larger(d, a, b);
  }
  return a;
}

template <class T>
void binary(BinaryFunction function, const T* a, std::int64_t a_step, const T* b, std::int64_t b_step, T* out,
            std::int64_t count) {
  const FloatTag d;
  const auto whole_a = hn::Set(d, a_step == 0 ? static_cast<float>(*a) : 0.F);
  const auto whole_b = hn::Set(d, b_step == 0 ? static_cast<float>(*b) : 0.F);
  for_each_vector(d, out, count, [&](std::int64_t i, std::size_t n) HWY_ATTR {
    const auto from_a = a_step == 0 ? whole_a : load_count(d, a + i, n);
    const auto from_b = b_step == 0 ? whole_b : load_count(d, b + i, n);
    return combine(d, function, from_a, from_b);
  });
}

template <class T>
float reduce_elements(Reduction reduction, const T* x, std::int64_t count) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const float neutral = reduction == Reduction::sum ? 0.F : -std::numeric_limits<float>::infinity();
  const auto add = [&](auto sum, auto v)
                       HWY_ATTR { return reduction == Reduction::sum ? hn::Add(sum, v) : larger(d, sum, v); };
  // Two chains: the latency of an addition is twice what one chain could use.
  auto even = hn::Set(d, neutral);
  auto odd = even;
  std::int64_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    even = add(even, load_floats(d, x + i));
    odd = add(odd, load_floats(d, x + i + lanes));
  }
  for (; i < count; i += lanes) {
    const auto left = static_cast<std::size_t>(std::min(lanes, count - i));
    even = add(even, load_some_floats(d, x + i, left, neutral));
  }
  const auto both = add(even, odd);
  if (reduction == Reduction::sum) return hn::GetLane(hn::SumOfLanes(d, both));
  if (!hn::AllFalse(d, hn::IsNaN(both))) return std::numeric_limits<float>::quiet_NaN();
  return hn::GetLane(hn::MaxOfLanes(d, both));
}

void apply_unary(UnaryFunction function, Dtype dtype, const void* x, void* out, std::int64_t count) {
  with_type(dtype, [&]<class T>(const T*) {
    unary(function, static_cast<const T*>(x), static_cast<T*>(out), count);
  });
}

void apply_binary(BinaryFunction function, Dtype dtype, const void* a, std::int64_t a_step, const void* b,
                  std::int64_t b_step, void* out, std::int64_t count) {
  if (count == 0) return;
  with_type(dtype, [&]<class T>(const T*) {
    binary(function, static_cast<const T*>(a), a_step, static_cast<const T*>(b), b_step, static_cast<T*>(out),
           count);
  });
}

void apply_number(BinaryFunction function, Dtype dtype, const void* x, float number, void* out,
                  std::int64_t count) {
  with_type(dtype, [&]<class T>(const T*) {
    const FloatTag d;
    const auto everywhere = hn::Set(d, number);
    map(d, static_cast<const T*>(x), static_cast<T*>(out), count,
        [&](auto tag, auto v) HWY_ATTR { return combine(tag, function, v, everywhere); });
  });
}

float reduce(Reduction reduction, Dtype dtype, const void* x, std::int64_t count) {
  float result = 0;
  with_type(dtype,
            [&]<class T>(const T*) { result = reduce_elements(reduction, static_cast<const T*>(x), count); });
  return result;
}

void convert(Dtype from, const void* x, Dtype to, void* out, std::int64_t count) {
  with_type(from, [&]<class From>(const From*) {
    with_type(to, [&]<class To>(const To*) {
      const FloatTag d;
      for_each_vector(d, static_cast<To*>(out), count, [&](std::int64_t i, std::size_t n) HWY_ATTR {
        return load_count(d, static_cast<const From*>(x) + i, n);
      });
    });
  });
}

}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {

HWY_EXPORT(apply_unary);
HWY_EXPORT(apply_binary);
HWY_EXPORT(apply_number);
HWY_EXPORT(reduce);
HWY_EXPORT(convert);

void apply_unary(UnaryFunction function, Dtype dtype, const void* x, void* out, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(apply_unary)(function, dtype, x, out, count);
}

void apply_binary(BinaryFunction function, Dtype dtype, const void* a, std::int64_t a_step, const void* b,
                  std::int64_t b_step, void* out, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(apply_binary)(function, dtype, a, a_step, b, b_step, out, count);
}

void apply_number(BinaryFunction function, Dtype dtype, const void* x, float number, void* out,
                  std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(apply_number)(function, dtype, x, number, out, count);
}

float reduce(Reduction reduction, Dtype dtype, const void* x, std::int64_t count) {
  return HWY_DYNAMIC_DISPATCH(reduce)(reduction, dtype, x, count);
}

void convert(Dtype from, const void* x, Dtype to, void* out, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(convert)(from, x, to, out, count);
}

}  // namespace bv2::engine
#endif
