// Records basic operations as nodes.
#include "engine/compiled/tracer.h"

#include <algorithm>

namespace bv2::engine::compiled {
namespace {

std::vector<Expression> expressions(const Dims& dims) { return {dims.begin(), dims.end()}; }

/// The elements that a tensor reaches over: [first, last] of its storage.
std::pair<std::int64_t, std::int64_t> extent(const Tensor& tensor) {
  std::int64_t last = tensor.offset();
  for (std::size_t dim = 0; dim < tensor.rank(); ++dim) {
    const auto index = static_cast<std::int64_t>(dim);
    last += (tensor.size(index) - 1) * tensor.strides()[index];
  }
  return {tensor.offset(), last};
}

}  // namespace

Tracer::Tracer() = default;

Tensor Tracer::add(BufferKind kind, std::string name, Dtype dtype, const Shape& shape) {
  const auto bytes = static_cast<std::size_t>(shape.product()) * size_bytes(dtype);
  auto storage = std::make_shared<Storage>(bytes, Layout::absent);
  const View view = add_buffer(
      graph_, {.kind = kind, .dtype = dtype, .shape = expressions(shape), .name = std::move(name)});
  made_.emplace(storage.get(), view.buffer);
  alive_.push_back(storage);
  return {storage, dtype, shape, contiguous_strides(shape), 0};
}

Tensor Tracer::input(std::string name, Dtype dtype, const Shape& shape) {
  return add(BufferKind::input, std::move(name), dtype, shape);
}

Tensor Tracer::state(std::string name, Dtype dtype, const Shape& shape) {
  return add(BufferKind::state, std::move(name), dtype, shape);
}

Tensor Tracer::new_tensor(Dtype dtype, const Shape& shape) {
  return add(BufferKind::temporary, "", dtype, shape);
}

View Tracer::view_of(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  const auto made = made_.find(tensor.storage().get());
  if (made == made_.end()) return constant_view(tensor);
  return {.buffer = made->second,
          .shape = expressions(tensor.shape()),
          .strides = expressions(tensor.strides()),
          .offset = tensor.offset()};
}

View Tracer::constant_view(const Tensor& tensor) {
  std::vector<Constant>& known = constants_[tensor.storage().get()];
  const auto [first, last] = extent(tensor);
  const auto found =
      std::ranges::find_if(known, [&](const Constant& c) { return c.begin <= first && last < c.end; });
  BufferId id = no_buffer;
  std::int64_t begin = first;
  if (found != known.end()) {
    id = found->buffer;
    begin = found->begin;
  } else {
    // Seen through a view first (a transposed weight): the run of elements that the view reaches over.
    const bool as_it_is = !tensor.is_plain() || tensor.is_contiguous();
    const Shape flat{last + 1 - first};
    const Tensor whole =
        as_it_is ? tensor : Tensor(tensor.storage(), tensor.dtype(), flat, contiguous_strides(flat), first);
    id = add_buffer(graph_, {.kind = BufferKind::constant,
                             .dtype = tensor.dtype(),
                             .shape = expressions(whole.shape()),
                             .tensor = whole})
             .buffer;
    known.push_back({.begin = first, .end = last + 1, .buffer = id});
    alive_.push_back(tensor.storage());
  }
  return {.buffer = id,
          .shape = expressions(tensor.shape()),
          .strides = expressions(tensor.strides()),
          .offset = first - begin};
}

void Tracer::copy(const Tensor& from, const Tensor& to) {
  graph_.nodes.push_back({.op = BasicOp::contiguous, .inputs = {view_of(from)}, .outputs = {view_of(to)}});
}

Tensor Tracer::arranged(const BasicCall& call) {
  const Tensor& x = call.inputs[0];
  const Dims& dims = call.attributes.dims;
  // A part of a constant belongs to the whole: which part may depend on the sizes.
  if (!made_.contains(x.storage().get())) constant_view(x);
  switch (call.op) {
    case BasicOp::reshape:
      return x.reshape(dims);
    case BasicOp::transpose:
      return x.transpose(dims[0], dims[1]);
    case BasicOp::slice:
      return x.slice(dims[0], dims[1], dims[2]);
    default:
      return x.expand(dims);
  }
}

Tensor Tracer::elementwise(const BasicCall& call, const TensorType& type) {
  Node node{.kind = NodeKind::elementwise, .op = call.op, .scalar = call.attributes.scalar};
  for (const Tensor& input : call.inputs) node.inputs.push_back(view_of(input.expand(type.shape)));
  const Tensor result = new_tensor(type.dtype, type.shape);
  node.outputs = {view_of(result)};
  graph_.nodes.push_back(std::move(node));
  return result;
}

Tensor Tracer::reduction(const BasicCall& call, const TensorType& type) {
  const Tensor result = new_tensor(type.dtype, type.shape);
  Node node{.kind = NodeKind::reduction, .op = call.op, .inputs = {view_of(call.inputs[0])}};
  node.outputs = {view_of(result)};
  if (call.op == BasicOp::argmax) {
    node.outputs[0].shape.emplace_back(1);
    node.outputs[0].strides.emplace_back(1);
  }
  graph_.nodes.push_back(std::move(node));
  return result;
}

Tensor Tracer::matmul(const BasicCall& call, const TensorType& type) {
  const auto spread = [&](const Tensor& x) {
    Shape shape = type.shape;
    shape[-2] = x.size(-2);
    shape[-1] = x.size(-1);
    return view_of(x.expand(shape));
  };
  const Tensor result = new_tensor(type.dtype, type.shape);
  graph_.nodes.push_back({.kind = NodeKind::matmul,
                          .op = call.op,
                          .inputs = {spread(call.inputs[0]), spread(call.inputs[1])},
                          .outputs = {view_of(result)}});
  return result;
}

Tensor Tracer::concat(const BasicCall& call, const TensorType& type) {
  const Tensor result = new_tensor(type.dtype, type.shape);
  const std::int64_t dim = call.attributes.dims[0];
  std::int64_t begin = 0;
  for (const Tensor& part : call.inputs) {
    const std::int64_t end = begin + part.size(dim);
    copy(part, result.slice(dim, begin, end));
    begin = end;
  }
  return result;
}

Tensor Tracer::execute(const BasicCall& call) {
  const TensorType type = result_type(call);
  switch (call.op) {
    case BasicOp::reshape:
    case BasicOp::transpose:
    case BasicOp::slice:
    case BasicOp::expand:
      return arranged(call);
    case BasicOp::sum:
    case BasicOp::mean:
    case BasicOp::max:
    case BasicOp::argmax:
      return reduction(call, type);
    case BasicOp::matmul:
      return matmul(call, type);
    case BasicOp::concat:
      return concat(call, type);
    case BasicOp::copy_into:
      copy(call.inputs[1], call.inputs[0]);
      return call.inputs[0];
    case BasicOp::contiguous: {
      const Tensor result = new_tensor(type.dtype, type.shape);
      copy(call.inputs[0], result);
      return result;
    }
    case BasicOp::take_rows:
    case BasicOp::attention_mask: {
      const Tensor result = new_tensor(type.dtype, type.shape);
      const bool is_mask = call.op == BasicOp::attention_mask;
      Node node{.kind = is_mask ? NodeKind::attention_mask : NodeKind::take_rows, .op = call.op};
      for (const Tensor& input : call.inputs) node.inputs.push_back(view_of(input));
      node.outputs = {view_of(result)};
      node.causal = is_mask && call.attributes.dims[2] != 0;
      node.window = is_mask ? call.attributes.dims[3] : 0;
      graph_.nodes.push_back(std::move(node));
      return result;
    }
    default:
      return elementwise(call, type);
  }
}

void Tracer::call(std::shared_ptr<const Call> what, std::span<const std::int64_t> numbers,
                  std::span<const Tensor> inputs, std::span<const Tensor> outputs) {
  Node node{.kind = NodeKind::call, .call = std::move(what), .numbers = {numbers.begin(), numbers.end()}};
  for (const Tensor& input : inputs) node.inputs.push_back(view_of(input));
  for (const Tensor& output : outputs) node.outputs.push_back(view_of(output));
  graph_.nodes.push_back(std::move(node));
}

Tensor Tracer::product(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  Shape shape = x.shape();
  shape[-1] = weight.size(0);
  if (x.size(-1) != weight.size(1))
    fail("linear: {} does not fit to a weight {}", to_string(x.shape()), to_string(weight.shape()));
  const Tensor result = new_tensor(x.dtype(), shape);
  graph_.nodes.push_back({.kind = NodeKind::product,
                          .inputs = {view_of(x), view_of(weight), view_of(bias)},
                          .outputs = {view_of(result)}});
  return result;
}

Graph Tracer::finish(std::string name, std::span<const Tensor> results) {
  graph_.name = std::move(name);
  for (const Tensor& result : results) graph_.results.push_back(view_of(result));
  return std::move(graph_);
}

}  // namespace bv2::engine::compiled
