// Operations that move elements without changing them.
#include "engine/eager/arrange.h"

#include <cstring>
#include <limits>

namespace bv2::engine {
namespace {

// Smaller copies are done before a second thread has woken up.
constexpr std::size_t parallel_bytes = std::size_t{1} << 20U;

/// The last dimensions that are contiguous in both tensors, as one run.
struct Runs {
  std::size_t outer_rank = 0;  ///< dimensions before the run
  std::int64_t run = 1;        ///< elements
};

Runs common_runs(const Tensor& a, const Tensor& b) {
  Runs runs{.outer_rank = a.rank(), .run = 1};
  while (runs.outer_rank > 0) {
    const auto dim = static_cast<std::int64_t>(runs.outer_rank) - 1;
    const bool joins = a.size(dim) == 1 || (a.strides()[dim] == runs.run && b.strides()[dim] == runs.run);
    if (!joins) return runs;
    runs.run *= a.size(dim);
    --runs.outer_rank;
  }
  return runs;
}

/// Offset in elements of the index-th run.
std::int64_t run_offset(const Tensor& x, std::size_t outer_rank, std::int64_t index) {
  std::int64_t offset = 0;
  for (auto dim = static_cast<std::int64_t>(outer_rank) - 1; dim >= 0; --dim) {
    offset += index % x.size(dim) * x.strides()[dim];
    index /= x.size(dim);
  }
  return offset;
}

template <class Word>
void copy_words(const Tensor& to, const Tensor& from, std::size_t outer_rank, std::int64_t count) {
  auto* target = reinterpret_cast<Word*>(to.raw());
  const auto* source = reinterpret_cast<const Word*>(from.raw());
#pragma omp parallel for schedule(static) if (to.size_bytes() >= parallel_bytes)
  for (std::int64_t i = 0; i < count; ++i) {
    target[run_offset(to, outer_rank, i)] = source[run_offset(from, outer_rank, i)];
  }
}

std::size_t rows_of(const Tensor& ids) { return static_cast<std::size_t>(ids.numel()); }

Shape with_width(const Shape& shape, std::int64_t width) {
  std::array<std::int64_t, Dims::capacity + 1> sizes{};
  std::ranges::copy(shape, sizes.begin());
  sizes[shape.rank()] = width;
  return Shape(std::span<const std::int64_t>(sizes.data(), shape.rank() + 1));
}

template <class T>
void fill_mask(const MaskShape& shape, std::int64_t hidden, T* mask) {
  for (std::int64_t token = 0; token < shape.tokens; ++token) {
    const std::int64_t position = shape.keys - shape.tokens + token;
    const std::int64_t end = shape.causal ? position + 1 : shape.keys;
    const std::int64_t begin = std::max(hidden, shape.window > 0 ? position + 1 - shape.window : 0);
    for (std::int64_t key = 0; key < shape.keys; ++key) {
      const bool visible = key >= begin && key < end;
      mask[token * shape.keys + key] = T(visible ? 0.0F : -std::numeric_limits<float>::infinity());
    }
  }
}

}  // namespace

void copy_elements(const Tensor& destination, const Tensor& source) {
  if (destination.shape() != source.shape() || destination.dtype() != source.dtype()) {
    fail("copy: {} {} does not fit into {} {}", name(source.dtype()), to_string(source.shape()),
         name(destination.dtype()), to_string(destination.shape()));
  }
  if (source.numel() == 0) return;
  const Runs runs = common_runs(destination, source);
  const std::int64_t count = destination.numel() / runs.run;
  const std::size_t size = size_bytes(source.dtype());
  if (runs.run == 1 && size == 2)
    return copy_words<std::uint16_t>(destination, source, runs.outer_rank, count);
  if (runs.run == 1 && size == 4)
    return copy_words<std::uint32_t>(destination, source, runs.outer_rank, count);
  const auto signed_size = static_cast<std::int64_t>(size);
#pragma omp parallel for schedule(static) if (destination.size_bytes() >= parallel_bytes)
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(destination.raw() + run_offset(destination, runs.outer_rank, i) * signed_size,
                source.raw() + run_offset(source, runs.outer_rank, i) * signed_size,
                static_cast<std::size_t>(runs.run) * size);
  }
}

Tensor packed_copy(const Tensor& x) {
  Tensor copy(x.dtype(), x.shape());
  copy_elements(copy, x);
  return copy;
}

Tensor take_rows(const Tensor& table, const Tensor& ids) {
  if (table.rank() != 2 || !table.is_contiguous())
    fail("take_rows: the table {} is not a matrix", to_string(table.shape()));
  const std::int64_t rows = table.size(0);
  const std::span<const std::int64_t> wanted = ids.span<std::int64_t>();
  for (const std::int64_t id : wanted) {
    if (id < 0 || id >= rows) fail("the token id {} is outside the vocabulary of {}", id, rows);
  }
  Tensor taken(table.dtype(), with_width(ids.shape(), table.size(1)));
  const std::size_t row_bytes = static_cast<std::size_t>(table.size(1)) * size_bytes(table.dtype());
  for (std::size_t i = 0; i < rows_of(ids); ++i) {
    std::memcpy(taken.raw() + i * row_bytes, table.raw() + static_cast<std::size_t>(wanted[i]) * row_bytes,
                row_bytes);
  }
  return taken;
}

Tensor concatenate(std::span<const Tensor> parts, std::int64_t dim) {
  if (parts.empty()) fail("concat: there is nothing to join");
  Shape shape = parts[0].shape();
  shape[dim] = 0;
  for (const Tensor& part : parts) {
    Shape other = part.shape();
    other[dim] = 0;
    Shape first = shape;
    first[dim] = 0;
    if (other != first || part.dtype() != parts[0].dtype()) {
      fail("concat: {} and {} cannot be joined along dimension {}", to_string(parts[0].shape()),
           to_string(part.shape()), dim);
    }
    shape[dim] += part.size(dim);
  }
  Tensor joined(parts[0].dtype(), shape);
  std::int64_t begin = 0;
  for (const Tensor& part : parts) {
    copy_elements(joined.slice(dim, begin, begin + part.size(dim)), part);
    begin += part.size(dim);
  }
  return joined;
}

Tensor additive_mask(const MaskShape& shape, const Tensor& padding, Dtype dtype) {
  const std::int64_t rows = padding.defined() ? padding.numel() : 1;
  Tensor mask(dtype, {rows, 1, shape.tokens, shape.keys});
  const std::int64_t row_elements = shape.tokens * shape.keys;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t hidden = padding.defined() ? padding.data<std::int64_t>()[row] : 0;
    if (dtype == Dtype::float32) fill_mask(shape, hidden, mask.data<float>() + row * row_elements);
    if (dtype == Dtype::bfloat16) fill_mask(shape, hidden, mask.data<BFloat16>() + row * row_elements);
    if (dtype == Dtype::float16) fill_mask(shape, hidden, mask.data<Float16>() + row * row_elements);
  }
  return mask;
}

}  // namespace bv2::engine
