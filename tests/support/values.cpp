// Tensors to and from plain doubles, and random ones, for tests.
#include "support/values.h"

#include <limits>

namespace bv2::test {

using engine::Shape;
using engine::Tensor;

namespace {

double read(const std::byte* address, Dtype dtype) {
  switch (dtype) {
    case Dtype::float32:
      return *reinterpret_cast<const float*>(address);
    case Dtype::bfloat16:
      return static_cast<float>(*reinterpret_cast<const BFloat16*>(address));
    case Dtype::float16:
      return static_cast<float>(*reinterpret_cast<const Float16*>(address));
    case Dtype::float64:
      return *reinterpret_cast<const double*>(address);
    case Dtype::int64:
      return static_cast<double>(*reinterpret_cast<const std::int64_t*>(address));
    case Dtype::int32:
      return *reinterpret_cast<const std::int32_t*>(address);
    default:
      fail("the tests do not read {}", name(dtype));
  }
}

void write(std::byte* address, Dtype dtype, double value) {
  switch (dtype) {
    case Dtype::float32:
      *reinterpret_cast<float*>(address) = static_cast<float>(value);
      return;
    case Dtype::bfloat16:
      *reinterpret_cast<BFloat16*>(address) = BFloat16(static_cast<float>(value));
      return;
    case Dtype::float16:
      *reinterpret_cast<Float16*>(address) = Float16(static_cast<float>(value));
      return;
    case Dtype::float64:
      *reinterpret_cast<double*>(address) = value;
      return;
    case Dtype::int64:
      *reinterpret_cast<std::int64_t*>(address) = static_cast<std::int64_t>(value);
      return;
    case Dtype::int32:
      *reinterpret_cast<std::int32_t*>(address) = static_cast<std::int32_t>(value);
      return;
    default:
      fail("the tests do not write {}", name(dtype));
  }
}

/// Calls visit(address) for each element in row-major order.
template <class Visit>
void for_each_element(const Tensor& tensor, Visit visit) {
  const auto rank = static_cast<std::int64_t>(tensor.rank());
  const std::size_t bytes = size_bytes(tensor.dtype());
  Shape index = tensor.shape();
  for (std::int64_t dim = 0; dim < rank; ++dim) index[dim] = 0;
  for (std::int64_t count = tensor.numel(); count > 0; --count) {
    std::int64_t offset = 0;
    for (std::int64_t dim = 0; dim < rank; ++dim) offset += index[dim] * tensor.strides()[dim];
    visit(tensor.raw() + static_cast<std::ptrdiff_t>(offset) * static_cast<std::ptrdiff_t>(bytes));
    for (std::int64_t dim = rank - 1; dim >= 0; --dim) {
      if (++index[dim] < tensor.size(dim)) break;
      index[dim] = 0;
    }
  }
}

}  // namespace

std::vector<double> values_of(const Tensor& tensor) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(tensor.numel()));
  for_each_element(tensor, [&](std::byte* address) { values.push_back(read(address, tensor.dtype())); });
  return values;
}

void assign(const Tensor& destination, const std::vector<double>& values) {
  std::size_t next = 0;
  for_each_element(destination,
                   [&](std::byte* address) { write(address, destination.dtype(), values.at(next++)); });
}

Tensor tensor_from(const std::vector<double>& values, Dtype dtype, const Shape& shape) {
  Tensor tensor(dtype, shape);
  assign(tensor, values);
  return tensor;
}

Tensor random_tensor(std::mt19937_64& random, Dtype dtype, const Shape& shape, double deviation) {
  std::normal_distribution<double> normal(0, deviation);
  std::vector<double> values(static_cast<std::size_t>(shape.product()));
  for (double& value : values) value = normal(random);
  return tensor_from(values, dtype, shape);
}

Tensor in_larger_cache(const Tensor& tensor, std::int64_t extra) {
  Shape shape = tensor.shape();
  const std::int64_t rows = shape[-2];
  shape[-2] = rows + extra;
  const std::vector<double> unused(static_cast<std::size_t>(shape.product()),
                                   std::numeric_limits<double>::quiet_NaN());
  const Tensor cache = tensor_from(unused, tensor.dtype(), shape);
  Tensor view = cache.slice(static_cast<std::int64_t>(shape.rank()) - 2, 0, rows);
  assign(view, values_of(tensor));
  return view;
}

}  // namespace bv2::test
