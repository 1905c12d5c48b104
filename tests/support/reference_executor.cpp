// Runs basic operations as plain loops in double precision.
#include "support/reference_executor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "support/values.h"

namespace bv2::test {

using engine::Attributes;
using engine::BasicCall;
using engine::BasicOp;
using engine::Dims;
using engine::Shape;
using engine::Tensor;

namespace {

using Values = std::vector<double>;

std::size_t index(std::int64_t value) { return static_cast<std::size_t>(value); }

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double one_input(BasicOp op, double x, double scalar) {
  switch (op) {
    case BasicOp::cast:
    case BasicOp::contiguous:
      return x;
    case BasicOp::neg:
      return -x;
    case BasicOp::exp:
      return std::exp(x);
    case BasicOp::rsqrt:
      return 1 / std::sqrt(x);
    case BasicOp::tanh:
      return std::tanh(x);
    case BasicOp::sigmoid:
      return sigmoid(x);
    case BasicOp::silu:
      return x * sigmoid(x);
    case BasicOp::gelu:
      return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case BasicOp::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case BasicOp::relu:
      return x > 0 ? x : 0;
    case BasicOp::sin:
      return std::sin(x);
    case BasicOp::cos:
      return std::cos(x);
    case BasicOp::add_scalar:
      return x + scalar;
    case BasicOp::mul_scalar:
      return x * scalar;
    default:
      fail("the reference has no operation {} of one input", static_cast<int>(op));
  }
}

double two_inputs(BasicOp op, double a, double b) {
  switch (op) {
    case BasicOp::add:
      return a + b;
    case BasicOp::sub:
      return a - b;
    case BasicOp::mul:
      return a * b;
    case BasicOp::div:
      return a / b;
    case BasicOp::maximum:
      return std::max(a, b);
    default:
      fail("the reference has no operation {} of two inputs", static_cast<int>(op));
  }
}

Tensor elementwise(BasicOp op, const Tensor& x, const Attributes& attributes) {
  Values values = values_of(x);
  for (double& value : values) value = one_input(op, value, attributes.scalar);
  return tensor_from(values, op == BasicOp::cast ? attributes.dtype : x.dtype(), x.shape());
}

Tensor binary(BasicOp op, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype()) fail("the reference was given {} and {}", name(a.dtype()), name(b.dtype()));
  const Shape shape = broadcast(a.shape(), b.shape());
  Values values = values_of(a.expand(shape));
  const Values others = values_of(b.expand(shape));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = two_inputs(op, values[i], others[i]);
  return tensor_from(values, a.dtype(), shape);
}

double reduced(BasicOp op, const double* row, std::size_t width) {
  double sum = 0;
  double largest = -std::numeric_limits<double>::infinity();
  std::size_t where = 0;
  for (std::size_t i = 0; i < width; ++i) {
    sum += row[i];
    if (row[i] > largest) {
      largest = row[i];
      where = i;
    }
  }
  if (op == BasicOp::sum) return sum;
  if (op == BasicOp::mean) return sum / static_cast<double>(width);
  if (op == BasicOp::max) return largest;
  return static_cast<double>(where);
}

Tensor reduce(BasicOp op, const Tensor& x) {
  const Values values = values_of(x);
  const std::size_t width = index(x.size(-1));
  Values results;
  for (std::size_t row = 0; row < values.size(); row += width) {
    results.push_back(reduced(op, values.data() + row, width));
  }
  Shape kept = x.shape();
  kept[-1] = 1;
  if (op != BasicOp::argmax) return tensor_from(results, x.dtype(), kept);
  return tensor_from(results, Dtype::int64, Shape(std::span(kept.begin(), kept.rank() - 1)));
}

Shape with_matrix(const Shape& leading, std::int64_t rows, std::int64_t columns) {
  std::vector<std::int64_t> sizes(leading.begin(), leading.end());
  sizes.push_back(rows);
  sizes.push_back(columns);
  return Shape(sizes);
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  const std::int64_t m = a.size(-2);
  const std::int64_t k = a.size(-1);
  const std::int64_t n = b.size(-1);
  if (b.size(-2) != k) fail("{} and {} cannot be multiplied", to_string(a.shape()), to_string(b.shape()));
  const Shape leading = broadcast(Shape(std::span(a.shape().begin(), a.rank() - 2)),
                                  Shape(std::span(b.shape().begin(), b.rank() - 2)));
  const Values left = values_of(a.expand(with_matrix(leading, m, k)));
  const Values right = values_of(b.expand(with_matrix(leading, k, n)));
  Values product(index(leading.product() * m * n));
  for (std::int64_t batch = 0; batch < leading.product(); ++batch) {
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::int64_t l = 0; l < k; ++l) {
          sum += left[index((batch * m + i) * k + l)] * right[index((batch * k + l) * n + j)];
        }
        product[index((batch * m + i) * n + j)] = sum;
      }
    }
  }
  return tensor_from(product, a.dtype(), with_matrix(leading, m, n));
}

Tensor take_rows(const Tensor& table, const Tensor& ids) {
  const Values rows = values_of(table);
  const std::int64_t width = table.size(1);
  Values taken;
  for (const double id : values_of(ids)) {
    if (id < 0 || id >= static_cast<double>(table.size(0)))
      fail("id {} is outside {}", id, to_string(table.shape()));
    const auto begin = rows.begin() + static_cast<std::int64_t>(id) * width;
    taken.insert(taken.end(), begin, begin + width);
  }
  std::vector<std::int64_t> sizes(ids.shape().begin(), ids.shape().end());
  sizes.push_back(width);
  return tensor_from(taken, table.dtype(), Shape(sizes));
}

Tensor concat(std::span<const Tensor> parts, std::int64_t dim) {
  Shape shape = parts[0].shape();
  shape[dim] = 0;
  for (const Tensor& part : parts) shape[dim] += part.size(dim);
  Tensor result(parts[0].dtype(), shape);
  std::int64_t begin = 0;
  for (const Tensor& part : parts) {
    assign(result.slice(dim, begin, begin + part.size(dim)), values_of(part));
    begin += part.size(dim);
  }
  return result;
}

Tensor attention_mask(const Tensor& padding, const Attributes& attributes) {
  const std::int64_t tokens = attributes.dims[0];
  const std::int64_t keys = attributes.dims[1];
  const bool causal = attributes.dims[2] != 0;
  const std::int64_t window = attributes.dims[3];
  const Values hidden = padding.defined() ? values_of(padding) : Values{0};
  Values mask;
  for (const double first : hidden) {
    for (std::int64_t t = 0; t < tokens; ++t) {
      const std::int64_t position = keys - tokens + t;
      for (std::int64_t s = 0; s < keys; ++s) {
        const bool seen = (!causal || s <= position) && (window == 0 || s > position - window) &&
                          static_cast<double>(s) >= first;
        mask.push_back(seen ? 0 : -std::numeric_limits<double>::infinity());
      }
    }
  }
  return tensor_from(mask, attributes.dtype, {static_cast<std::int64_t>(hidden.size()), 1, tokens, keys});
}

}  // namespace

Tensor ReferenceExecutor::execute(const BasicCall& call) {
  const Tensor& x = call.inputs[0];
  const Dims& dims = call.attributes.dims;
  switch (call.op) {
    case BasicOp::add:
    case BasicOp::sub:
    case BasicOp::mul:
    case BasicOp::div:
    case BasicOp::maximum:
      return binary(call.op, x, call.inputs[1]);
    case BasicOp::sum:
    case BasicOp::mean:
    case BasicOp::max:
    case BasicOp::argmax:
      return reduce(call.op, x);
    case BasicOp::matmul:
      return matmul(x, call.inputs[1]);
    case BasicOp::take_rows:
      return take_rows(x, call.inputs[1]);
    case BasicOp::concat:
      return concat(call.inputs, dims[0]);
    case BasicOp::copy_into:
      assign(x, values_of(call.inputs[1]));
      return x;
    case BasicOp::attention_mask:
      return attention_mask(x, call.attributes);
    case BasicOp::reshape:
      return x.reshape(dims);
    case BasicOp::transpose:
      return x.transpose(dims[0], dims[1]);
    case BasicOp::slice:
      return x.slice(dims[0], dims[1], dims[2]);
    case BasicOp::expand:
      return x.expand(dims);
    default:
      return elementwise(call.op, x, call.attributes);
  }
}

}  // namespace bv2::test
