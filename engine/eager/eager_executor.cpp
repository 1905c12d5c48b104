// Eager mode: the table from each basic operation to the function that does it.
#include "engine/eager/eager_executor.h"

#include <array>

#include "engine/eager/operations.h"
#include "engine/ops/isa.h"

namespace bv2::engine {
namespace {

struct Row {
  BasicOp op;
  eager::Operation operation;
};

constexpr std::array table{
    Row{BasicOp::cast, eager::cast},
    Row{BasicOp::neg, eager::unary},
    Row{BasicOp::exp, eager::unary},
    Row{BasicOp::rsqrt, eager::unary},
    Row{BasicOp::tanh, eager::unary},
    Row{BasicOp::sigmoid, eager::unary},
    Row{BasicOp::silu, eager::unary},
    Row{BasicOp::gelu, eager::unary},
    Row{BasicOp::gelu_tanh, eager::unary},
    Row{BasicOp::relu, eager::unary},
    Row{BasicOp::sin, eager::unary},
    Row{BasicOp::cos, eager::unary},
    Row{BasicOp::add_scalar, eager::unary},
    Row{BasicOp::mul_scalar, eager::unary},
    Row{BasicOp::add, eager::binary},
    Row{BasicOp::sub, eager::binary},
    Row{BasicOp::mul, eager::binary},
    Row{BasicOp::div, eager::binary},
    Row{BasicOp::maximum, eager::binary},
    Row{BasicOp::sum, eager::reduce},
    Row{BasicOp::mean, eager::reduce},
    Row{BasicOp::max, eager::reduce},
    Row{BasicOp::matmul, eager::matmul},
    Row{BasicOp::take_rows, eager::take_rows},
    Row{BasicOp::argmax, eager::reduce},
    Row{BasicOp::concat, eager::concat},
    Row{BasicOp::contiguous, eager::contiguous},
    Row{BasicOp::copy_into, eager::copy_into},
    Row{BasicOp::attention_mask, eager::attention_mask},
    Row{BasicOp::reshape, eager::reshape},
    Row{BasicOp::transpose, eager::transpose},
    Row{BasicOp::slice, eager::slice},
    Row{BasicOp::expand, eager::expand},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].op) != i) return false;
  return table.size() == basic_op_count;
}
static_assert(in_order(), "the table follows the enumeration");

}  // namespace

struct EagerExecutor::Impl {
  eager::State state;
};

EagerExecutor::EagerExecutor() {
  apply_isa_cap();
  impl_ = std::make_unique<Impl>();
}

EagerExecutor::~EagerExecutor() = default;

Tensor EagerExecutor::execute(const BasicCall& call) {
  const TensorType type = result_type(call);
  return table[static_cast<std::size_t>(call.op)].operation(impl_->state, call, type);
}

}  // namespace bv2::engine
