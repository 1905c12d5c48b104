#include "support/random_forward.h"

#include <random>

#include "engine/ops/basic.h"
#include "engine/ops/layer.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using namespace engine;

constexpr std::int64_t parameters = 3;

std::vector<double> random_values(std::mt19937& random, std::int64_t count, double size) {
  std::uniform_real_distribution<double> value(-size, size);
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& each : values) each = value(random);
  return values;
}

/// Draws operations on [batch, tokens, 16], and on views of it.
class Draw {
 public:
  Draw(Context& context, std::uint32_t seed, const std::vector<Tensor>& vectors,
       const std::vector<Tensor>& weights)
      : context_(context), random_(seed), vectors_(vectors), weights_(weights) {}

  Tensor next(const std::vector<Tensor>& known) {
    const Tensor& a = known[pick(known.size())];
    const Tensor& b = known[pick(known.size())];
    switch (pick(12)) {
      case 0:
        return unary(a);
      case 1:
        return binary(a, b);
      case 2:
        return binary(a, vectors_[pick(vectors_.size())]);
      case 3:
        return binary(a, reduced(b));
      case 4:
        return context_.apply(RmsNorm{1e-5}, a, vectors_[pick(vectors_.size())]);
      case 5:
        return context_.apply(Linear{}, a, weights_[pick(weights_.size())],
                              pick(2) == 0 ? Tensor() : vectors_[pick(vectors_.size())]);
      case 6:
        return halves_swapped(a);
      case 7:
        return by_heads(a, b);
      case 8:
        return context_.apply(Softmax{}, a);
      case 9:
        return gated(a);
      case 10:
        return add(context_, a, add_scalar(context_, vectors_[pick(vectors_.size())], 1));
      default:
        return contiguous(context_, mul_scalar(context_, a, pick(3) == 0 ? 1 : 0.5));
    }
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }

  Tensor unary(const Tensor& x) {
    constexpr std::array ops{BasicOp::neg, BasicOp::tanh, BasicOp::sigmoid, BasicOp::relu, BasicOp::gelu};
    return context_.execute(ops.at(pick(ops.size())), {x});
  }
  Tensor binary(const Tensor& a, const Tensor& b) {
    constexpr std::array ops{BasicOp::add, BasicOp::sub, BasicOp::mul, BasicOp::maximum};
    return tanh(context_, context_.execute(ops.at(pick(ops.size())), {a, b}));
  }
  Tensor reduced(const Tensor& x) {
    constexpr std::array ops{BasicOp::mean, BasicOp::max};
    return context_.execute(ops.at(pick(ops.size())), {x});
  }
  Tensor halves_swapped(const Tensor& x) {
    const Tensor first = slice(context_, x, 2, 0, 8);
    const Tensor second = slice(context_, x, 2, 8, 16);
    return mul(context_, concat(context_, {neg(context_, second), first}, 2), vectors_[0]);
  }
  Tensor gated(const Tensor& x) {
    const Tensor gate = context_.apply(Linear{}, x, weights_[pick(weights_.size())], Tensor());
    const Tensor value = context_.apply(Linear{}, x, weights_[pick(weights_.size())], Tensor());
    return tanh(context_, mul(context_, context_.execute(BasicOp::silu, {gate}), value));
  }
  /// Through [batch, heads, tokens, 4] and back.
  Tensor by_heads(const Tensor& a, const Tensor& b) {
    const auto split = [&](const Tensor& x) {
      return transpose(context_, reshape(context_, x, {x.size(0), x.size(1), 4, 4}), 1, 2);
    };
    const Tensor mixed = binary(split(a), split(b));
    return reshape(context_, contiguous(context_, transpose(context_, mixed, 1, 2)), a.shape());
  }

  Context& context_;
  std::mt19937 random_;
  const std::vector<Tensor>& vectors_;
  const std::vector<Tensor>& weights_;
};

}  // namespace

RandomForward::RandomForward(std::uint32_t seed, Dtype dtype) : seed_(seed), dtype_(dtype) {
  std::mt19937 random(seed);
  for (std::int64_t i = 0; i < parameters; ++i) {
    vectors_.push_back(tensor_from(random_values(random, width, 1), dtype, {width}));
    weights_.push_back(tensor_from(random_values(random, width * width, 0.5), dtype, {width, width}));
  }
}

std::vector<Tensor> RandomForward::run(Context& context, const Tensor& x, const Tensor& kept,
                                       std::int64_t past) const {
  Draw draw(context, seed_, vectors_, weights_);
  std::vector<Tensor> known{x};
  const std::size_t operations = 4 + seed_ % 9;
  for (std::size_t i = 0; i < operations; ++i) known.push_back(draw.next(known));
  const std::int64_t end = past + x.size(1);
  copy_into(context, slice(context, kept, 1, past, end), known[known.size() - 2]);
  const Tensor all = tanh(context, slice(context, kept, 1, 0, end));
  return {known.back(), all, slice(context, add(context, known.back(), x), 1, x.size(1) - 1, x.size(1)),
          argmax(context, known.back())};
}

compiled::Graph RandomForward::trace(const compiled::OpenSymbols& open) const {
  return compiled::trace(
      "random", open, AttentionPath::eager,
      [&](Context& context, compiled::Tracer& tracer, const compiled::Sizes& sizes) {
        const Tensor x = tracer.input("x", dtype_, {sizes.batch, sizes.tokens, width});
        const Tensor kept = tracer.state("kept", dtype_, {sizes.batch, sizes.capacity, width});
        return run(context, x, kept, sizes.past);
      });
}

std::map<std::string, Tensor> RandomForward::inputs(const compiled::Sizes& sizes) const {
  std::mt19937 random(seed_ + 1);
  const auto tensor = [&](const Shape& shape) {
    return tensor_from(random_values(random, shape.product(), 2), dtype_, shape);
  };
  return {{"x", tensor({sizes.batch, sizes.tokens, width})},
          {"kept", tensor({sizes.batch, sizes.capacity, width})}};
}

}  // namespace bv2::test
