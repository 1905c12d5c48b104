// Element-wise operations on tensors of any strides, with broadcasting.
#include "engine/eager/elementwise.h"

#include "engine/eager/arrange.h"

namespace bv2::engine {
namespace {

// A second thread pays from some tens of thousands of elements on: 5 us to wake it against 0.1 ns to 1 ns an
// element.
constexpr std::int64_t parallel_elements = 1 << 15;

void require_floating(const char* operation, const Tensor& x) {
  const Dtype dtype = x.dtype();
  if (dtype == Dtype::float32 || dtype == Dtype::bfloat16 || dtype == Dtype::float16) return;
  fail("{}: {} {} is not a floating-point tensor", operation, name(dtype), to_string(x.shape()));
}

/// Splits a flat range of elements over the threads; visit(begin, count).
template <class Visit>
void for_each_range(std::int64_t count, Visit&& visit) {
  if (count < parallel_elements) return visit(std::int64_t{0}, count);
  constexpr std::int64_t range = parallel_elements / 2;
  const std::int64_t ranges = (count + range - 1) / range;
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < ranges; ++i) visit(i * range, std::min(range, count - i * range));
}

std::byte* at(const Tensor& x, std::int64_t element) {
  return x.raw() + element * static_cast<std::int64_t>(size_bytes(x.dtype()));
}

/// x with a last dimension that is contiguous or repeated.
Tensor with_simple_rows(const Tensor& x) {
  if (x.rank() == 0 || x.size(-1) == 1 || x.strides()[-1] == 1 || x.strides()[-1] == 0) return x;
  return packed_copy(x);
}

/// Two views of one shape, walked in rows: the trailing dimensions that both pass through evenly.
struct Rows {
  std::size_t outer_rank = 0;
  std::int64_t length = 1;
  std::int64_t a_step = 0;
  std::int64_t b_step = 0;
};

/// Joins trailing dimensions as long as each view stays contiguous or repeats one element.
Rows rows_of(const Tensor& a, const Tensor& b) {
  Rows rows{.outer_rank = a.rank()};
  bool first = true;
  while (rows.outer_rank > 0) {
    const auto dim = static_cast<std::int64_t>(rows.outer_rank) - 1;
    const std::int64_t size = a.size(dim);
    const std::int64_t a_stride = a.strides()[dim];
    const std::int64_t b_stride = b.strides()[dim];
    if (size != 1 && first) {
      rows.a_step = a_stride;
      rows.b_step = b_stride;
      first = false;
    } else if (size != 1 &&
               (a_stride != rows.a_step * rows.length || b_stride != rows.b_step * rows.length)) {
      return rows;
    }
    rows.length *= size;
    --rows.outer_rank;
  }
  return rows;
}

std::int64_t row_offset(const Tensor& x, std::size_t outer_rank, std::int64_t row) {
  std::int64_t offset = 0;
  for (auto dim = static_cast<std::int64_t>(outer_rank) - 1; dim >= 0; --dim) {
    offset += row % x.size(dim) * x.strides()[dim];
    row /= x.size(dim);
  }
  return offset;
}

}  // namespace

Tensor unary(UnaryFunction function, const Tensor& x) {
  require_floating("element-wise", x);
  const Tensor from = x.is_contiguous() ? x : packed_copy(x);
  Tensor out(x.dtype(), x.shape());
  for_each_range(x.numel(), [&](std::int64_t begin, std::int64_t count) {
    apply_unary(function, x.dtype(), at(from, begin), at(out, begin), count);
  });
  return out;
}

Tensor with_number(BinaryFunction function, const Tensor& x, double number) {
  require_floating("element-wise", x);
  const Tensor from = x.is_contiguous() ? x : packed_copy(x);
  Tensor out(x.dtype(), x.shape());
  for_each_range(x.numel(), [&](std::int64_t begin, std::int64_t count) {
    apply_number(function, x.dtype(), at(from, begin), static_cast<float>(number), at(out, begin), count);
  });
  return out;
}

Tensor converted(const Tensor& x, Dtype dtype) {
  require_floating("cast", x);
  const Tensor from = x.is_contiguous() ? x : packed_copy(x);
  Tensor out(dtype, x.shape());
  require_floating("cast", out);
  for_each_range(x.numel(), [&](std::int64_t begin, std::int64_t count) {
    convert(x.dtype(), at(from, begin), dtype, at(out, begin), count);
  });
  return out;
}

Tensor binary(BinaryFunction function, const Tensor& a, const Tensor& b) {
  require_floating("element-wise", a);
  if (a.dtype() != b.dtype()) {
    fail("element-wise: {} {} and {} {} have different dtypes", name(a.dtype()), to_string(a.shape()),
         name(b.dtype()), to_string(b.shape()));
  }
  Tensor out(a.dtype(), broadcast(a.shape(), b.shape()));
  if (out.numel() == 0) return out;
  const Tensor left = with_simple_rows(a).expand(out.shape());
  const Tensor right = with_simple_rows(b).expand(out.shape());
  const Rows rows = rows_of(left, right);
  const std::int64_t count = out.numel() / rows.length;
  if (count == 1) {
    for_each_range(rows.length, [&](std::int64_t begin, std::int64_t length) {
      apply_binary(function, a.dtype(), at(left, begin * rows.a_step), rows.a_step,
                   at(right, begin * rows.b_step), rows.b_step, at(out, begin), length);
    });
    return out;
  }
#pragma omp parallel for schedule(static) if (out.numel() >= parallel_elements)
  for (std::int64_t row = 0; row < count; ++row) {
    apply_binary(function, a.dtype(), at(left, row_offset(left, rows.outer_rank, row)), rows.a_step,
                 at(right, row_offset(right, rows.outer_rank, row)), rows.b_step, at(out, row * rows.length),
                 rows.length);
  }
  return out;
}

}  // namespace bv2::engine
