// The table of the basic operations: their names and the rules for what they give.
#include "engine/ops/basic_op.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string>
#include <vector>

namespace bv2::engine {
namespace {

std::string described(const Tensor& tensor) {
  if (!tensor.defined()) return "an undefined tensor";
  return fmt::format("{} {}", bv2::name(tensor.dtype()), to_string(tensor.shape()));
}

/// "mul: float32 [2, 3], bfloat16 [3]: <reason>"
template <class... Args>
[[noreturn]] void reject(const BasicCall& call, fmt::format_string<Args...> format, Args&&... args) {
  std::vector<std::string> inputs;
  for (const Tensor& input : call.inputs) inputs.push_back(described(input));
  fail("{}: {}: {}", name(call.op), fmt::join(inputs, ", "),
       fmt::format(format, std::forward<Args>(args)...));
}

void require_defined(const BasicCall& call) {
  for (const Tensor& input : call.inputs)
    if (!input.defined()) reject(call, "every input has to be defined");
}

void require_float(const BasicCall& call, const Tensor& input) {
  switch (input.dtype()) {
    case Dtype::float32:
    case Dtype::bfloat16:
    case Dtype::float16:
      return;
    default:
      reject(call, "float32, bfloat16 or float16 is needed");
  }
}

void require_one_dtype(const BasicCall& call) {
  for (const Tensor& input : call.inputs)
    if (input.dtype() != call.inputs[0].dtype()) reject(call, "the dtypes differ");
}

void require_dim(const BasicCall& call, const Shape& shape, std::int64_t dim) {
  if (!shape.has(dim)) reject(call, "there is no dimension {}", dim);
}

void require_attributes(const BasicCall& call, std::size_t count) {
  if (call.attributes.dims.rank() != count)
    reject(call, "{} numbers are needed in dims, found {}", count, to_string(call.attributes.dims));
}

TensorType same_type(const BasicCall& call) {
  require_float(call, call.inputs[0]);
  return {call.inputs[0].dtype(), call.inputs[0].shape()};
}

TensorType cast_type(const BasicCall& call) {
  for (const Dtype dtype : {call.inputs[0].dtype(), call.attributes.dtype})
    if (size_bytes(dtype) < 2 || dtype == Dtype::int16)
      reject(call, "{} cannot be cast from or to", bv2::name(dtype));
  return {call.attributes.dtype, call.inputs[0].shape()};
}

TensorType broadcast_type(const BasicCall& call) {
  const Tensor& a = call.inputs[0];
  const Tensor& b = call.inputs[1];
  require_float(call, a);
  require_one_dtype(call);
  if (a.shape() == b.shape()) return {a.dtype(), a.shape()};
  try {
    return {a.dtype(), broadcast(a.shape(), b.shape())};
  } catch (const Error&) {
    reject(call, "the shapes do not broadcast");
  }
}

TensorType reduced_type(const BasicCall& call) {
  const Tensor& x = call.inputs[0];
  require_float(call, x);
  if (x.rank() == 0) reject(call, "there is no last dimension");
  if (call.op == BasicOp::max && x.size(-1) == 0) reject(call, "the largest of no values is not defined");
  Shape shape = x.shape();
  shape[-1] = 1;
  return {x.dtype(), shape};
}

TensorType argmax_type(const BasicCall& call) {
  const Tensor& x = call.inputs[0];
  require_float(call, x);
  if (x.rank() == 0) reject(call, "there is no last dimension");
  if (x.size(-1) == 0) reject(call, "the largest of no values is not defined");
  return {Dtype::int64, Shape(std::span(x.shape().begin(), x.rank() - 1))};
}

TensorType matmul_type(const BasicCall& call) {
  const Tensor& a = call.inputs[0];
  const Tensor& b = call.inputs[1];
  require_float(call, a);
  require_one_dtype(call);
  if (a.rank() < 2 || b.rank() < 2) reject(call, "both inputs need rows and columns");
  if (a.size(-1) != b.size(-2)) reject(call, "the inner sizes {} and {} differ", a.size(-1), b.size(-2));
  const Shape batch_a(std::span(a.shape().begin(), a.rank() - 2));
  const Shape batch_b(std::span(b.shape().begin(), b.rank() - 2));
  const Tensor& longer = a.rank() >= b.rank() ? a : b;
  Shape shape = longer.shape();
  try {
    const Shape batch = broadcast(batch_a, batch_b);
    for (std::int64_t dim = 0; dim < static_cast<std::int64_t>(batch.rank()); ++dim) shape[dim] = batch[dim];
  } catch (const Error&) {
    reject(call, "the leading dimensions do not broadcast");
  }
  shape[-2] = a.size(-2);
  shape[-1] = b.size(-1);
  return {a.dtype(), shape};
}

TensorType take_rows_type(const BasicCall& call) {
  const Tensor& table = call.inputs[0];
  const Tensor& ids = call.inputs[1];
  if (table.rank() != 2) reject(call, "the table needs two dimensions");
  if (ids.dtype() != Dtype::int64) reject(call, "the ids have to be int64");
  if (ids.rank() == Dims::capacity) reject(call, "the ids have too many dimensions");
  std::array<std::int64_t, Dims::capacity> sizes{};
  std::ranges::copy(ids.shape(), sizes.begin());
  sizes[ids.rank()] = table.size(1);
  return {table.dtype(), Shape(std::span<const std::int64_t>(sizes.data(), ids.rank() + 1))};
}

TensorType concat_type(const BasicCall& call) {
  require_one_dtype(call);
  require_attributes(call, 1);
  const std::int64_t dim = call.attributes.dims[0];
  Shape shape = call.inputs[0].shape();
  if (dim < 0) reject(call, "the dimension {} is negative", dim);
  require_dim(call, shape, dim);
  shape[dim] = 0;
  for (const Tensor& input : call.inputs) {
    Shape other = input.shape();
    if (other.rank() == shape.rank()) other[dim] = shape[dim];
    if (other != shape) reject(call, "the sizes outside of dimension {} differ", dim);
    shape[dim] += input.size(dim);
  }
  return {call.inputs[0].dtype(), shape};
}

TensorType input_type(const BasicCall& call) { return {call.inputs[0].dtype(), call.inputs[0].shape()}; }

TensorType copy_into_type(const BasicCall& call) {
  require_one_dtype(call);
  if (call.inputs[0].shape() != call.inputs[1].shape()) reject(call, "the shapes differ");
  return input_type(call);
}

TensorType attention_mask_type(const BasicCall& call) {
  const Tensor& padding = call.inputs[0];
  require_attributes(call, 4);
  const Dims& dims = call.attributes.dims;
  if (padding.defined() && (padding.dtype() != Dtype::int64 || padding.rank() != 1))
    reject(call, "padding has to be int64 with one dimension");
  if (dims[0] < 0 || dims[1] < dims[0] || dims[3] < 0)
    reject(call, "{} tokens, {} keys, window {} do not fit together", dims[0], dims[1], dims[3]);
  switch (call.attributes.dtype) {
    case Dtype::float32:
    case Dtype::bfloat16:
    case Dtype::float16:
      break;
    default:
      reject(call, "a mask cannot be {}", bv2::name(call.attributes.dtype));
  }
  return {call.attributes.dtype, {padding.defined() ? padding.size(0) : 1, 1, dims[0], dims[1]}};
}

TensorType reshape_type(const BasicCall& call) {
  try {
    return {call.inputs[0].dtype(), reshaped(call.inputs[0].shape(), call.attributes.dims)};
  } catch (const Error&) {
    reject(call, "cannot be seen as {}", to_string(call.attributes.dims));
  }
}

TensorType transpose_type(const BasicCall& call) {
  require_attributes(call, 2);
  const Dims& dims = call.attributes.dims;
  Shape shape = call.inputs[0].shape();
  require_dim(call, shape, dims[0]);
  require_dim(call, shape, dims[1]);
  std::swap(shape[dims[0]], shape[dims[1]]);
  return {call.inputs[0].dtype(), shape};
}

TensorType slice_type(const BasicCall& call) {
  require_attributes(call, 3);
  const Dims& dims = call.attributes.dims;
  Shape shape = call.inputs[0].shape();
  require_dim(call, shape, dims[0]);
  if (dims[1] < 0 || dims[1] > dims[2] || dims[2] > shape[dims[0]])
    reject(call, "[{}, {}) is outside of dimension {}", dims[1], dims[2], dims[0]);
  shape[dims[0]] = dims[2] - dims[1];
  return {call.inputs[0].dtype(), shape};
}

TensorType expand_type(const BasicCall& call) {
  const Shape& shape = call.inputs[0].shape();
  const Shape& wanted = call.attributes.dims;
  bool fits = shape.rank() <= wanted.rank();
  for (std::int64_t dim = 1; fits && dim <= static_cast<std::int64_t>(shape.rank()); ++dim)
    fits = shape[-dim] == wanted[-dim] || shape[-dim] == 1;
  if (!fits) reject(call, "cannot be expanded to {}", to_string(wanted));
  return {call.inputs[0].dtype(), wanted};
}

constexpr std::size_t one_or_more = 0;

struct Row {
  BasicOp op;
  std::string_view name;
  std::size_t inputs;
  TensorType (*rule)(const BasicCall&);
};

constexpr std::array table{
    Row{BasicOp::cast, "cast", 1, cast_type},
    Row{BasicOp::neg, "neg", 1, same_type},
    Row{BasicOp::exp, "exp", 1, same_type},
    Row{BasicOp::rsqrt, "rsqrt", 1, same_type},
    Row{BasicOp::tanh, "tanh", 1, same_type},
    Row{BasicOp::sigmoid, "sigmoid", 1, same_type},
    Row{BasicOp::silu, "silu", 1, same_type},
    Row{BasicOp::gelu, "gelu", 1, same_type},
    Row{BasicOp::gelu_tanh, "gelu_tanh", 1, same_type},
    Row{BasicOp::relu, "relu", 1, same_type},
    Row{BasicOp::sin, "sin", 1, same_type},
    Row{BasicOp::cos, "cos", 1, same_type},
    Row{BasicOp::add_scalar, "add_scalar", 1, same_type},
    Row{BasicOp::mul_scalar, "mul_scalar", 1, same_type},
    Row{BasicOp::add, "add", 2, broadcast_type},
    Row{BasicOp::sub, "sub", 2, broadcast_type},
    Row{BasicOp::mul, "mul", 2, broadcast_type},
    Row{BasicOp::div, "div", 2, broadcast_type},
    Row{BasicOp::maximum, "maximum", 2, broadcast_type},
    Row{BasicOp::sum, "sum", 1, reduced_type},
    Row{BasicOp::mean, "mean", 1, reduced_type},
    Row{BasicOp::max, "max", 1, reduced_type},
    Row{BasicOp::matmul, "matmul", 2, matmul_type},
    Row{BasicOp::take_rows, "take_rows", 2, take_rows_type},
    Row{BasicOp::argmax, "argmax", 1, argmax_type},
    Row{BasicOp::concat, "concat", one_or_more, concat_type},
    Row{BasicOp::contiguous, "contiguous", 1, input_type},
    Row{BasicOp::copy_into, "copy_into", 2, copy_into_type},
    Row{BasicOp::attention_mask, "attention_mask", 1, attention_mask_type},
    Row{BasicOp::reshape, "reshape", 1, reshape_type},
    Row{BasicOp::transpose, "transpose", 1, transpose_type},
    Row{BasicOp::slice, "slice", 1, slice_type},
    Row{BasicOp::expand, "expand", 1, expand_type},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].op) != i) return false;
  return table.size() == basic_op_count;
}
static_assert(in_order(), "the table follows the enumeration");

const Row& row_of(BasicOp op) { return table.at(static_cast<std::size_t>(op)); }

}  // namespace

std::string_view name(BasicOp op) { return row_of(op).name; }

TensorType result_type(const BasicCall& call) {
  const Row& row = row_of(call.op);
  const bool count_fits = row.inputs == one_or_more ? !call.inputs.empty() : call.inputs.size() == row.inputs;
  if (!count_fits) fail("{}: {} inputs were given", row.name, call.inputs.size());
  if (call.op != BasicOp::attention_mask) require_defined(call);
  return row.rule(call);
}

}  // namespace bv2::engine
