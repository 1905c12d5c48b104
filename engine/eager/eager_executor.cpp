// Eager mode: the table from each basic operation to the function that does it.
#include "engine/eager/eager_executor.h"

#include <array>

#include "engine/eager/arrange.h"
#include "engine/eager/elementwise.h"
#include "engine/eager/matmul.h"
#include "engine/eager/reduce.h"
#include "engine/ops/isa.h"

namespace bv2::engine {

struct EagerExecutor::Impl {
  Matmul matmul;
};

namespace {

using Inputs = std::span<const Tensor>;

/// How an operation is done, and how many inputs it takes (0: any number).
struct Entry {
  BasicOp op;
  std::size_t inputs;
  Tensor (*run)(Matmul& matmul, Inputs inputs, const Attributes& attributes);
};

template <UnaryFunction function>
Tensor run_unary(Matmul&, Inputs in, const Attributes&) {
  return unary(function, in[0]);
}

template <BinaryFunction function>
Tensor run_binary(Matmul&, Inputs in, const Attributes&) {
  return binary(function, in[0], in[1]);
}

template <BinaryFunction function>
Tensor run_number(Matmul&, Inputs in, const Attributes& attributes) {
  return with_number(function, in[0], attributes.scalar);
}

float one_over_length(const Tensor& x) { return 1.F / static_cast<float>(x.size(-1)); }

using B = BasicOp;
using U = UnaryFunction;
using F = BinaryFunction;

// In the order of the enumeration.
constexpr auto table = std::to_array<Entry>({
    {B::cast, 1, [](Matmul&, Inputs in, const Attributes& a) { return converted(in[0], a.dtype); }},
    {B::neg, 1, run_unary<U::neg>},
    {B::exp, 1, run_unary<U::exp>},
    {B::rsqrt, 1, run_unary<U::rsqrt>},
    {B::tanh, 1, run_unary<U::tanh>},
    {B::sigmoid, 1, run_unary<U::sigmoid>},
    {B::silu, 1, run_unary<U::silu>},
    {B::gelu, 1, run_unary<U::gelu>},
    {B::gelu_tanh, 1, run_unary<U::gelu_tanh>},
    {B::relu, 1, run_unary<U::relu>},
    {B::sin, 1, run_unary<U::sin>},
    {B::cos, 1, run_unary<U::cos>},
    {B::add_scalar, 1, run_number<F::add>},
    {B::mul_scalar, 1, run_number<F::mul>},
    {B::add, 2, run_binary<F::add>},
    {B::sub, 2, run_binary<F::sub>},
    {B::mul, 2, run_binary<F::mul>},
    {B::div, 2, run_binary<F::div>},
    {B::maximum, 2, run_binary<F::maximum>},
    {B::sum, 1, [](Matmul&, Inputs in, const Attributes&) { return reduced(Reduction::sum, in[0], 1); }},
    {B::mean, 1, [](Matmul&, Inputs in, const Attributes&) { return reduced(Reduction::sum, in[0], one_over_length(in[0])); }},
    {B::max, 1, [](Matmul&, Inputs in, const Attributes&) { return reduced(Reduction::max, in[0], 1); }},
    {B::matmul, 2, [](Matmul& matmul, Inputs in, const Attributes&) { return matmul.multiply(in[0], in[1]); }},
    {B::take_rows, 2, [](Matmul&, Inputs in, const Attributes&) { return take_rows(in[0], in[1]); }},
    {B::argmax, 1, [](Matmul&, Inputs in, const Attributes&) { return index_of_max(in[0]); }},
    {B::concat, 0, [](Matmul&, Inputs in, const Attributes& a) { return concatenate(in, a.dims[0]); }},
    {B::contiguous, 1, [](Matmul&, Inputs in, const Attributes&) { return packed_copy(in[0]); }},
    {B::copy_into, 2,
     [](Matmul&, Inputs in, const Attributes&) {
       copy_elements(in[0], in[1]);
       return in[0];
     }},
    {B::attention_mask, 1,
     [](Matmul&, Inputs in, const Attributes& a) {
       return additive_mask({.tokens = a.dims[0], .keys = a.dims[1], .causal = a.dims[2] != 0, .window = a.dims[3]}, in[0],
                            a.dtype);
     }},
    {B::reshape, 1, [](Matmul&, Inputs in, const Attributes& a) { return in[0].reshape(a.dims); }},
    {B::transpose, 1, [](Matmul&, Inputs in, const Attributes& a) { return in[0].transpose(a.dims[0], a.dims[1]); }},
    {B::slice, 1, [](Matmul&, Inputs in, const Attributes& a) { return in[0].slice(a.dims[0], a.dims[1], a.dims[2]); }},
    {B::expand, 1, [](Matmul&, Inputs in, const Attributes& a) { return in[0].expand(a.dims); }},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].op != static_cast<BasicOp>(i)) return false;
  }
  return table.size() == static_cast<std::size_t>(BasicOp::expand) + 1;
}
static_assert(in_order());

}  // namespace

EagerExecutor::EagerExecutor() : impl_(std::make_unique<Impl>()) { apply_isa_cap(); }

EagerExecutor::~EagerExecutor() = default;

Tensor EagerExecutor::execute(const BasicCall& call) {
  const Entry& entry = table[static_cast<std::size_t>(call.op)];
  if (entry.inputs != 0 && call.inputs.size() != entry.inputs) {
    fail("{}: {} inputs were given, {} are needed", name(call.op), call.inputs.size(), entry.inputs);
  }
  return entry.run(impl_->matmul, call.inputs, call.attributes);
}

}  // namespace bv2::engine
