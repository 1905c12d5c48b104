// matmul: brings the inputs into a layout that a matrix product can read, and chooses how to compute it.
#include "engine/eager/matmul.h"

#include <cstring>

#include "engine/eager/operations.h"

namespace bv2::engine::eager {
namespace {

// Up to this many rows our own kernels run. For weights not yet held against oneDNN: see docs/eager.md.
constexpr std::int64_t max_rows = 8;
// float32 copies of parts of b are kept within this, so that they stay in L2.
constexpr std::int64_t panel_bytes = 1 << 20U;

Shape leading(const Shape& shape) { return Shape(std::span(shape.begin(), shape.rank() - 2)); }

bool has_unit_stride(const Tensor& matrix) {
  return matrix.size(-1) == 1 || matrix.strides()[-1] == 1 || matrix.size(-2) == 1 ||
         matrix.strides()[-2] == 1;
}

/// A weight without batch: the leading dimensions of a are rows like the others, if its layout lets it be
/// seen so.
Tensor with_rows_joined(const Tensor& a, const Tensor& b) {
  if (a.rank() == 2 || leading(b.shape()).product() != 1) return a;
  const Shape rows{leading(a.shape()).product() * a.size(-2), a.size(-1)};
  const auto strides = view_strides(a.shape(), a.strides(), rows);
  if (!strides) return as_contiguous(a).reshape(rows);
  return {a.storage(), a.dtype(), rows, *strides, a.offset()};
}

Tensor without_batch(const Tensor& b) {
  return {b.storage(), b.dtype(), {b.size(-2), b.size(-1)}, {b.strides()[-2], b.strides()[-1]}, b.offset()};
}

struct MatrixStrides {
  std::int64_t row;
  std::int64_t col;
};

/// With those of dimensions of size 1 as in a matrix without gaps.
MatrixStrides matrix_strides(const Tensor& matrix) {
  MatrixStrides strides{matrix.strides()[-2], matrix.strides()[-1]};
  const std::int64_t rows = matrix.size(-2);
  const std::int64_t columns = matrix.size(-1);
  if (rows == 1 && columns == 1) return {1, 1};
  if (columns == 1) strides.col = strides.row == 1 ? rows : 1;
  if (rows == 1) strides.row = strides.col == 1 ? columns : 1;
  return strides;
}

/// a and b have one unit stride each; the leading dimensions of c are those of the result.
Product product_of(const Tensor& a, const Tensor& b, const Tensor& c) {
  const Shape batch = leading(c.shape());
  const auto batch_strides = [&](const Tensor& tensor) {
    const Tensor first(tensor.storage(), tensor.dtype(), leading(tensor.shape()),
                       Strides(std::span(tensor.strides().begin(), tensor.rank() - 2)), tensor.offset());
    return broadcast_strides(first, batch);
  };
  const MatrixStrides of_a = matrix_strides(a);
  const MatrixStrides of_b = matrix_strides(b);
  return {c.dtype(),
          a.size(-2),
          b.size(-1),
          a.size(-1),
          of_a.row,
          of_a.col,
          of_b.row,
          of_b.col,
          make_loop_nest(batch, std::array{batch_strides(c), batch_strides(a), batch_strides(b)}),
          c.raw(),
          a.raw(),
          b.raw()};
}

void multiply(State& state, const Tensor& a, const Tensor& b, const Tensor& c);

/// In float32, columns of b at a time, for dtypes that oneDNN has no code for.
void multiply_panels(State& state, const Tensor& a, const Tensor& b, const Tensor& c) {
  const auto to_float32 = [&](const Tensor& x) {
    return cast(state, {BasicOp::cast, std::span(&x, 1), {}}, {Dtype::float32, x.shape()});
  };
  const Tensor a32 = to_float32(a);
  const std::int64_t column_bytes = b.numel() / b.size(-1) * 4;
  const std::int64_t columns = std::max<std::int64_t>(64, panel_bytes / column_bytes / 64 * 64);
  const bool transposed = matrix_strides(b).row == 1;
  for (std::int64_t n = 0; n < b.size(-1); n += columns) {
    const std::int64_t end = std::min(n + columns, b.size(-1));
    const Tensor panel = b.slice(-1, n, end);
    const Tensor b32 = transposed ? to_float32(panel.transpose(-1, -2)).transpose(-1, -2) : to_float32(panel);
    Shape shape = c.shape();
    shape[-1] = end - n;
    const Tensor c32(Dtype::float32, shape);
    multiply(state, a32, b32, c32);
    cast_into(c.slice(-1, n, end), c32);
  }
}

void multiply(State& state, const Tensor& a, const Tensor& b, const Tensor& c) {
  if (a.size(-2) <= max_rows)
    multiply_rows(product_of(a.size(-1) == 1 || a.strides()[-1] == 1 ? a : as_contiguous(a), b, c));
  else if (state.matmul.onednn.supports(c.dtype()))
    state.matmul.onednn.multiply(product_of(a, b, c));
  else
    multiply_panels(state, a, b, c);
}

}  // namespace

Tensor matmul(State& state, const BasicCall& call, const TensorType& type) {
  Tensor result(type.dtype, type.shape);
  if (result.numel() == 0) return result;
  Tensor a = with_rows_joined(call.inputs[0], call.inputs[1]);
  Tensor b = call.inputs[1];
  if (a.size(-1) == 0) {
    std::memset(result.raw(), 0, result.size_bytes());
    return result;
  }
  if (!has_unit_stride(a)) a = as_contiguous(a);
  if (!has_unit_stride(b)) b = as_contiguous(b);
  const bool plain = a.rank() == 2 && leading(b.shape()).product() == 1;
  if (plain)
    multiply(state, a, without_batch(b), result.reshape({a.size(0), b.size(-1)}));
  else
    multiply(state, a, b, result);
  return result;
}

}  // namespace bv2::engine::eager
