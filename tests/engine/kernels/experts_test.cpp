// The kernel of a mixture of experts, for a few rows, against its definition in double precision.
#include "engine/ops/experts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/kernels/panels.h"
#include "engine/ops/basic.h"
#include "support/kernels.h"

namespace bv2::engine {
namespace {

constexpr Dtype dtypes[]{Dtype::float32, Dtype::bfloat16, Dtype::float16};

LinearWeights packed_weights(const LinearWeights& weights) { return {packed(weights.weight), weights.bias}; }

ExpertWeights map(const ExpertWeights& weights, Tensor (*router)(const Tensor&),
                  LinearWeights (*linear)(const LinearWeights&)) {
  ExpertWeights mapped{.router = router(weights.router), .experts = {}};
  for (const GatedMlpWeights& mlp : weights.experts)
    mapped.experts.push_back({.gate = linear(mlp.gate), .up = linear(mlp.up), .down = linear(mlp.down)});
  return mapped;
}

/// The smallest distance between an expert that a row takes and one that it leaves.
double margin_of(const Tensor& logits, std::int64_t chosen) {
  double margin = INFINITY;
  const std::vector<double> values = test::values_of(logits);
  const auto experts = static_cast<std::ptrdiff_t>(logits.size(1));
  for (auto row = values.begin(); row != values.end(); row += experts) {
    std::vector<double> sorted(row, row + experts);
    std::ranges::sort(sorted, std::greater<>());
    if (chosen < experts)
      margin = std::min(
          margin, sorted[static_cast<std::size_t>(chosen - 1)] - sorted[static_cast<std::size_t>(chosen)]);
  }
  return margin;
}

class ExpertKernels : public testing::TestWithParam<int> {};

TEST_P(ExpertKernels, MixtureEqualsItsDefinition) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  const auto upto = [&](std::uint64_t limit) { return 1 + static_cast<std::int64_t>(random() % limit); };
  test::ReferenceContext reference;
  int compared = 0;
  while (compared < 4) {
    const Dtype dtype = dtypes[random() % 3];
    const std::int64_t experts = upto(9);
    const std::int64_t hidden = upto(150);
    const std::int64_t inner = upto(150);
    const ExpertMixture op{.chosen = upto(static_cast<std::uint64_t>(experts)),
                           .normalize = random() % 2 == 0};
    const auto matrix = [&](std::int64_t out, std::int64_t in) {
      return test::random_tensor(random, dtype, {out, in}, 1 / std::sqrt(static_cast<double>(in)));
    };
    ExpertWeights weights{.router = matrix(experts, hidden), .experts = {}};
    for (std::int64_t i = 0; i < experts; ++i) {
      weights.experts.push_back({.gate = {matrix(inner, hidden), {}},
                                 .up = {matrix(inner, hidden), {}},
                                 .down = {matrix(hidden, inner), {}}});
    }
    const Tensor x = test::random_tensor(random, dtype, {upto(4), 1, hidden});
    const Tensor residual = test::random_tensor(random, dtype, x.shape());
    const ExpertWeights exact = map(weights, test::exact, test::exact);
    const Tensor logits =
        Linear{}.define(reference.context, test::exact(x).reshape({-1, hidden}), exact.router, Tensor());
    // Where two experts are nearly equal, rounding chooses.
    if (margin_of(logits, op.chosen) < 0.05) continue;
    ++compared;
    const std::vector<double> expected =
        test::values_of(op.define(reference.context, test::exact(x), exact, test::exact(residual)));
    // Of values of size 1: the router's logits, gate, up, their product, down, weights, sum and store are
    // rounded to the dtype, sums of hidden and inner terms are in float32; numbers may be 8 times their usual
    // size.
    const double unit = info(dtype).epsilon / 2;
    const double error = 8 * (10 * unit + static_cast<double>(4 * hidden + 2 * inner) * 0x1p-24);
    std::vector<double> bounds;
    for (const double value : expected) bounds.push_back(error * std::max(1.0, std::abs(value)));
    const ExpertWeights ready = map(weights, packed, packed_weights);
    const int calls = test::for_each_kernel(
        dtype, op,
        [&](const Tensor& found, const std::string& how) {
          EXPECT_EQ(test::first_outside(found, expected, bounds), "")
              << how
              << fmt::format(" {}: {} of {} experts, {} rows of {}, inner {}", name(dtype), op.chosen,
                             experts, x.size(0), hidden, inner);
        },
        x, ready, residual);
    EXPECT_GT(calls, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExpertKernels, testing::Range(0, 4));

}  // namespace
}  // namespace bv2::engine
