// The matrix product of eager mode.
#include "engine/eager/matmul.h"

#include <omp.h>

#include <cstring>
#include <vector>

#include "engine/simd/row_products.h"

namespace bv2::engine {
namespace {

// Batched products with at most this many rows are attention over a cache that grows with each token: oneDNN
// would compile a kernel (1 to 3 ms) for every length.
constexpr std::int64_t few_rows = 16;
// Below this a second thread costs more than it brings.
constexpr std::int64_t parallel_multiplications = 1 << 16;
constexpr std::int64_t columns_a_task = 64;
// Columns of b that are converted to float32 at a time where oneDNN does not know the dtype.
constexpr std::int64_t panel_columns = 256;

/// Copies elements so that the last dimension is contiguous, or the one before it: what the products need.
bool is_matrix_layout(const Tensor& x) {
  const auto fits = [&](std::int64_t inner, std::int64_t outer) {
    return (x.size(inner) <= 1 || x.strides()[inner] == 1) &&
           (x.size(outer) <= 1 || x.strides()[outer] >= x.size(inner));
  };
  return fits(-1, -2) || fits(-2, -1);
}

/// Visits the elements of a strided tensor in row-major order, by their offset.
template <class Visit>
void for_each_offset(const Shape& shape, const Strides& strides, Visit&& visit) {
  const std::int64_t count = shape.product();
  std::array<std::int64_t, Dims::capacity> index{};
  std::int64_t offset = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    visit(i, offset);
    for (auto dim = static_cast<std::int64_t>(shape.rank()) - 1; dim >= 0; --dim) {
      auto& at = index[static_cast<std::size_t>(dim)];
      offset += strides[dim];
      if (++at < shape[dim]) break;
      offset -= at * strides[dim];
      at = 0;
    }
  }
}

Tensor packed(const Tensor& x) {
  Tensor copy(x.dtype(), x.shape());
  const std::size_t size = size_bytes(x.dtype());
  for_each_offset(x.shape(), x.strides(), [&](std::int64_t to, std::int64_t from) {
    std::memcpy(copy.raw() + static_cast<std::size_t>(to) * size,
                x.raw() + from * static_cast<std::int64_t>(size), size);
  });
  return copy;
}

template <class T>
void to_floats(const T* from, std::int64_t stride, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i * stride]);
}

void to_floats(Dtype dtype, const std::byte* from, std::int64_t stride, std::int64_t count, float* to) {
  if (dtype == Dtype::float32) to_floats(reinterpret_cast<const float*>(from), stride, count, to);
  if (dtype == Dtype::bfloat16) to_floats(reinterpret_cast<const BFloat16*>(from), stride, count, to);
  if (dtype == Dtype::float16) to_floats(reinterpret_cast<const Float16*>(from), stride, count, to);
}

template <class T>
void from_floats(const float* from, std::int64_t count, T* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = T(from[i]);
}

/// Where the matrices of a batch stand.
struct Matrices {
  const std::byte* a;
  const std::byte* b;
  std::byte* out;
};

/// [rows, depth] of a as row-major float32.
std::vector<float> rows_as_floats(const MatmulShape& s, const std::byte* a) {
  std::vector<float> floats(static_cast<std::size_t>(s.rows * s.depth));
  const auto size = static_cast<std::int64_t>(size_bytes(s.dtype));
  for (std::int64_t row = 0; row < s.rows; ++row) {
    to_floats(s.dtype, a + row * s.a_row_stride * size, s.a_depth_stride, s.depth,
              floats.data() + row * s.depth);
  }
  return floats;
}

/// Few rows: every thread computes some columns of some matrices.
void multiply_few_rows(const MatmulShape& s, const Matrices& at) {
  const auto size = static_cast<std::int64_t>(size_bytes(s.dtype));
  std::vector<std::vector<float>> rows;
  rows.reserve(static_cast<std::size_t>(s.batch));
  for (std::int64_t i = 0; i < s.batch; ++i)
    rows.push_back(rows_as_floats(s, at.a + i * s.a_batch_stride * size));
  const std::int64_t tasks_a_matrix = (s.columns + columns_a_task - 1) / columns_a_task;
  const std::int64_t tasks = s.batch * tasks_a_matrix;
  const bool parallel = tasks > 1 && s.batch * s.rows * s.columns * s.depth >= parallel_multiplications;
#pragma omp parallel for schedule(static) if (parallel)
  for (std::int64_t task = 0; task < tasks; ++task) {
    const std::int64_t matrix = task / tasks_a_matrix;
    const std::int64_t begin = task % tasks_a_matrix * columns_a_task;
    multiply_rows({.dtype = s.dtype,
                   .rows = s.rows,
                   .columns = s.columns,
                   .depth = s.depth,
                   .a = rows[static_cast<std::size_t>(matrix)].data(),
                   .b = at.b + matrix * s.b_batch_stride * size,
                   .b_depth_stride = s.b_depth_stride,
                   .b_column_stride = s.b_column_stride,
                   .out = at.out + matrix * s.rows * s.columns * size,
                   .out_row_stride = s.columns},
                  begin, std::min(begin + columns_a_task, s.columns));
  }
}

/// A dtype that oneDNN does not multiply: panels of b become float32 in scratch memory, and oneDNN multiplies
/// those.
void multiply_panels(OneDnnMatmul& onednn, const MatmulShape& s, const Matrices& at) {
  const auto size = static_cast<std::int64_t>(size_bytes(s.dtype));
  const std::vector<float> a = rows_as_floats(s, at.a);
  std::vector<float> panel(static_cast<std::size_t>(panel_columns * s.depth));
  std::vector<float> result(static_cast<std::size_t>(s.rows * panel_columns));
  for (std::int64_t begin = 0; begin < s.columns; begin += panel_columns) {
    const std::int64_t width = std::min(panel_columns, s.columns - begin);
#pragma omp parallel for schedule(static)
    for (std::int64_t column = 0; column < width; ++column) {
      to_floats(s.dtype, at.b + (begin + column) * s.b_column_stride * size, s.b_depth_stride, s.depth,
                panel.data() + column * s.depth);
    }
    const MatmulShape floats{.rows = s.rows,
                             .columns = width,
                             .depth = s.depth,
                             .a_batch_stride = s.rows * s.depth,
                             .a_row_stride = s.depth,
                             .b_batch_stride = width * s.depth,
                             .b_depth_stride = 1,
                             .b_column_stride = s.depth};
    onednn.multiply(floats, a.data(), panel.data(), result.data());
    for (std::int64_t row = 0; row < s.rows; ++row) {
      std::byte* to = at.out + (row * s.columns + begin) * size;
      const float* from = result.data() + row * width;
      if (s.dtype == Dtype::bfloat16)
        from_floats(from, width, reinterpret_cast<BFloat16*>(to));
      else
        from_floats(from, width, reinterpret_cast<Float16*>(to));
    }
  }
}

/// The product of matrices whose batches are one dimension each.
void multiply_batch(OneDnnMatmul& onednn, const MatmulShape& s, const Matrices& at, bool is_weight) {
  const bool supported = onednn.supports(s.dtype);
  if (s.rows <= few_rows && (!supported || !is_weight)) return multiply_few_rows(s, at);
  if (supported) return onednn.multiply(s, at.a, at.b, at.out);
  const auto size = static_cast<std::int64_t>(size_bytes(s.dtype));
  for (std::int64_t i = 0; i < s.batch; ++i) {
    multiply_panels(onednn, s,
                    {at.a + i * s.a_batch_stride * size, at.b + i * s.b_batch_stride * size,
                     at.out + i * s.rows * s.columns * size});
  }
}

/// Leading dimensions of a view as one dimension with one stride, if they are one.
struct BatchStride {
  bool uniform = true;
  std::int64_t stride = 0;
};
BatchStride batch_stride(const Shape& batch, const Strides& strides) {
  BatchStride found;
  std::int64_t steps = 1;  // matrices that a step of this dimension passes over
  for (auto dim = static_cast<std::int64_t>(batch.rank()) - 1; dim >= 0; --dim) {
    if (batch[dim] == 1) continue;
    if (steps == 1)
      found.stride = strides[dim];
    else if (strides[dim] != found.stride * steps)
      found.uniform = false;
    steps *= batch[dim];
  }
  // oneDNN has no stride of zero: a repeated matrix is not a batch of its own.
  if (steps > 1 && found.stride == 0) found.uniform = false;
  return found;
}

Dims leading(const Dims& dims) { return Dims(std::span(dims.begin(), dims.rank() - 2)); }

/// A stack of rows times one matrix is one product: [.., M, K] x [K, N].
Tensor merge_rows(const Tensor& a) { return a.reshape({-1, a.size(-1)}); }

}  // namespace

Tensor Matmul::multiply(const Tensor& a, const Tensor& b) {
  if (a.rank() < 2 || b.rank() < 2 || a.size(-1) != b.size(-2) || a.dtype() != b.dtype()) {
    fail("matmul: {} {} and {} {} do not fit", name(a.dtype()), to_string(a.shape()), name(b.dtype()),
         to_string(b.shape()));
  }
  if (a.rank() > 2 && b.rank() == 2 && a.is_contiguous()) {
    Shape shape = a.shape();
    shape[-1] = b.size(-1);
    return multiply(merge_rows(a), b).reshape(shape);
  }
  const Tensor left = is_matrix_layout(a) ? a : packed(a);
  const Tensor right = is_matrix_layout(b) ? b : packed(b);
  const Shape batch = broadcast(leading(left.shape()), leading(right.shape()));
  Shape shape(std::span<const std::int64_t>(batch.begin(), batch.rank()));
  shape = [&] {
    std::vector<std::int64_t> sizes(batch.begin(), batch.end());
    sizes.push_back(left.size(-2));
    sizes.push_back(right.size(-1));
    return Shape(sizes);
  }();
  Tensor out(left.dtype(), shape);
  if (out.numel() == 0) return out;
  if (left.size(-1) == 0) {
    std::memset(out.raw(), 0, out.size_bytes());
    return out;
  }
  const Strides a_strides = leading(left.expand([&] {
                                          Shape s = shape;
                                          s[-1] = left.size(-1);
                                          return s;
                                        }())
                                        .strides());
  const Strides b_strides = leading(right
                                        .expand([&] {
                                          Shape s = shape;
                                          s[-2] = right.size(-2);
                                          return s;
                                        }())
                                        .strides());
  MatmulShape product{.dtype = left.dtype(),
                      .batch = batch.product(),
                      .rows = left.size(-2),
                      .columns = right.size(-1),
                      .depth = left.size(-1),
                      .a_row_stride = left.strides()[-2],
                      .a_depth_stride = left.strides()[-1],
                      .b_depth_stride = right.strides()[-2],
                      .b_column_stride = right.strides()[-1]};
  const BatchStride a_batch = batch_stride(batch, a_strides);
  const BatchStride b_batch = batch_stride(batch, b_strides);
  const Matrices first{left.raw(), right.raw(), out.raw()};
  const bool is_weight = right.rank() == 2;
  if (a_batch.uniform && b_batch.uniform) {
    product.a_batch_stride = a_batch.stride;
    product.b_batch_stride = b_batch.stride;
    multiply_batch(onednn_, product, first, is_weight);
    return out;
  }
  product.batch = 1;
  const auto size = static_cast<std::int64_t>(size_bytes(left.dtype()));
  std::vector<std::int64_t> a_offsets;
  for_each_offset(batch, a_strides, [&](std::int64_t, std::int64_t offset) { a_offsets.push_back(offset); });
  for_each_offset(batch, b_strides, [&](std::int64_t i, std::int64_t b_offset) {
    multiply_batch(onednn_, product,
                   {first.a + a_offsets[static_cast<std::size_t>(i)] * size, first.b + b_offset * size,
                    first.out + i * product.rows * product.columns * size},
                   is_weight);
  });
  return out;
}

}  // namespace bv2::engine
