// cast: the same values in another dtype.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/eager/cast.cpp"
// clang-format off
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format on
#include <cmath>
#include <limits>

#include "engine/eager/loop_nest.h"
#include "engine/eager/operations.h"
#include "engine/parallel.h"
#include "engine/simd/float_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {
namespace {

template <class From, class To>
void cast_run(const From* HWY_RESTRICT from, To* HWY_RESTRICT to, std::size_t count) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) store_floats(d, load_floats(d, from + i), to + i);
  if (i < count) store_some_floats(d, load_some_floats(d, from + i, count - i), to + i, count - i);
}

template <class From>
void cast_run_from(const void* from, Dtype to_dtype, void* to, std::size_t count) {
  const auto* const source = static_cast<const From*>(from);
  switch (to_dtype) {
    case Dtype::bfloat16:
      return cast_run(source, static_cast<BFloat16*>(to), count);
    case Dtype::float16:
      return cast_run(source, static_cast<Float16*>(to), count);
    default:
      return cast_run(source, static_cast<float*>(to), count);
  }
}

/// Between floating dtypes, `count` elements that lie side by side.
void cast_floats(Dtype from_dtype, const void* from, Dtype to_dtype, void* to, std::size_t count) {
  switch (from_dtype) {
    case Dtype::bfloat16:
      return cast_run_from<BFloat16>(from, to_dtype, to, count);
    case Dtype::float16:
      return cast_run_from<Float16>(from, to_dtype, to, count);
    default:
      return cast_run_from<float>(from, to_dtype, to, count);
  }
}

}  // namespace
}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {
HWY_EXPORT(cast_floats);
namespace eager {
namespace {

constexpr std::int64_t grain = 16 << 10U;

bool is_vectorised(Dtype dtype) {
  return dtype == Dtype::float32 || dtype == Dtype::bfloat16 || dtype == Dtype::float16;
}

/// Toward zero; numbers that do not fit become the nearest that does, NaN becomes 0.
template <class To>
To to_integer(double value) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
  if (value >= static_cast<double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
  return static_cast<To>(value);
}

/// The 16-bit formats are reached through float32, as in PyTorch.
template <class To, class From>
To convert(From value) {
  if constexpr (!std::is_arithmetic_v<From>)
    return convert<To>(static_cast<float>(value));
  else if constexpr (!std::is_arithmetic_v<To>)
    return To(static_cast<float>(value));
  else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>)
    return to_integer<To>(static_cast<double>(value));
  else
    return static_cast<To>(value);
}

template <class From, class To>
void cast_elements(const Tensor& from, Tensor& to) {
  const std::span<From> source = from.span<From>();
  std::ranges::transform(source, to.data<To>(), [](From value) { return convert<To>(value); });
}

/// Calls f with a null pointer to the dtype's element type. The dtypes are those that result_type() lets
/// pass.
template <class F>
void with_type(Dtype dtype, const F& f) {
  switch (dtype) {
    case Dtype::float32:
      return f(static_cast<float*>(nullptr));
    case Dtype::bfloat16:
      return f(static_cast<BFloat16*>(nullptr));
    case Dtype::float16:
      return f(static_cast<Float16*>(nullptr));
    case Dtype::float64:
      return f(static_cast<double*>(nullptr));
    case Dtype::int64:
      return f(static_cast<std::int64_t*>(nullptr));
    default:
      return f(static_cast<std::int32_t*>(nullptr));
  }
}

}  // namespace

void cast_into(const Tensor& result, const Tensor& source) {
  Tensor x = source;
  LoopNest nest = make_loop_nest(x.shape(), std::array{result.strides(), x.strides()});
  if (nest.inner_stride(1) != 1) {
    x = as_contiguous(x);
    nest = make_loop_nest(x.shape(), std::array{result.strides(), x.strides()});
  }
  const auto from_bytes = static_cast<std::int64_t>(size_bytes(x.dtype()));
  const auto to_bytes = static_cast<std::int64_t>(size_bytes(result.dtype()));
  const auto run = [&](std::int64_t to_offset, std::int64_t from_offset, std::int64_t count) {
    HWY_DYNAMIC_DISPATCH(cast_floats)
    (x.dtype(), x.raw() + from_offset * from_bytes, result.dtype(), result.raw() + to_offset * to_bytes,
     static_cast<std::size_t>(count));
  };
  if (nest.rank == 1) {
    return parallel_for(nest.count, grain, elements_a_line,
                        [&](std::int64_t begin, std::int64_t end) { run(begin, begin, end - begin); });
  }
  parallel_for(nest.rows(), std::max<std::int64_t>(1, grain / nest.inner_size()), 1,
               [&](std::int64_t begin, std::int64_t end) {
                 RowCursor cursor(nest, begin);
                 for (std::int64_t row = begin; row < end; ++row, cursor.next_row())
                   run(cursor.offset(0), cursor.offset(1), nest.inner_size());
               });
}

Tensor cast(State&, const BasicCall& call, const TensorType& type) {
  Tensor result(type.dtype, type.shape);
  const Tensor& x = call.inputs[0];
  if (result.numel() == 0) return result;
  if (x.dtype() == type.dtype) {
    copy_elements(result, x);
  } else if (is_vectorised(x.dtype()) && is_vectorised(type.dtype)) {
    cast_into(result, x);
  } else {
    const Tensor source = as_contiguous(x);
    with_type(x.dtype(), [&]<class From>(From*) {
      with_type(type.dtype, [&]<class To>(To*) { cast_elements<From, To>(source, result); });
    });
  }
  return result;
}

}  // namespace eager
}  // namespace bv2::engine
#endif  // HWY_ONCE
