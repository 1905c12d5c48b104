// Reductions over the last dimension.
#include "engine/eager/reduce.h"

#include <cmath>
#include <vector>

#include "engine/eager/arrange.h"

namespace bv2::engine {
namespace {

constexpr std::int64_t parallel_elements = 1 << 15;
// A long row is searched in parts: the vocabulary of a language model is one row.
constexpr std::int64_t search_part = 1 << 13;

Shape without_last(const Shape& shape) { return Shape(std::span(shape.begin(), shape.rank() - 1)); }

const std::byte* at(const Tensor& x, std::int64_t element) {
  return x.raw() + element * static_cast<std::int64_t>(size_bytes(x.dtype()));
}

float element(const Tensor& x, std::int64_t index) {
  float value = 0;
  convert(x.dtype(), at(x, index), Dtype::float32, &value, 1);
  return value;
}

void set_element(const Tensor& x, std::int64_t index, float value) {
  convert(Dtype::float32, &value, x.dtype(), const_cast<std::byte*>(at(x, index)), 1);
}

/// The first index in [begin, end) of the largest value, found by its parts' maxima.
std::int64_t first_max(const Tensor& x, std::int64_t begin, std::int64_t end) {
  const std::int64_t parts = (end - begin + search_part - 1) / search_part;
  std::int64_t best_begin = begin;
  float best = 0;
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t from = begin + part * search_part;
    const float found = reduce(Reduction::max, x.dtype(), at(x, from), std::min(search_part, end - from));
    const bool better = part == 0 || (std::isnan(found) && !std::isnan(best)) || found > best;
    if (!better) continue;
    best = found;
    best_begin = from;
  }
  for (std::int64_t i = best_begin; i < end; ++i) {
    const float value = element(x, i);
    if (value == best || (std::isnan(value) && std::isnan(best))) return i;
  }
  return best_begin;
}

}  // namespace

Tensor reduced(Reduction reduction, const Tensor& x, float scale) {
  if (x.rank() == 0) fail("a tensor without dimensions has no last one to reduce");
  const Tensor from = x.is_contiguous() ? x : packed_copy(x);
  Shape shape = x.shape();
  const std::int64_t length = shape[-1];
  shape[-1] = 1;
  Tensor out(x.dtype(), shape);
  const std::int64_t rows = out.numel();
#pragma omp parallel for schedule(static) if (rows > 1 && x.numel() >= parallel_elements)
  for (std::int64_t row = 0; row < rows; ++row) {
    set_element(out, row, reduce(reduction, x.dtype(), at(from, row * length), length) * scale);
  }
  return out;
}

Tensor index_of_max(const Tensor& x) {
  if (x.rank() == 0 || x.size(-1) == 0)
    fail("argmax: {} has no elements to choose from", to_string(x.shape()));
  const Tensor from = x.is_contiguous() ? x : packed_copy(x);
  Tensor out(Dtype::int64, without_last(x.shape()));
  const std::int64_t length = x.size(-1);
  for (std::int64_t row = 0; row < out.numel(); ++row) {
    out.data<std::int64_t>()[row] = first_max(from, row * length, (row + 1) * length) - row * length;
  }
  return out;
}

}  // namespace bv2::engine
