// The mixture of experts' definition against its formula in double precision.
#include "engine/ops/experts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "support/kernels.h"

namespace bv2::engine {
namespace {

using testing::ElementsAre;
using Values = std::vector<double>;

Values product(const Tensor& weight, const Values& x) {
  const Values matrix = test::values_of(weight);
  Values y(static_cast<std::size_t>(weight.size(0)));
  for (std::size_t out = 0; out < y.size(); ++out) {
    for (std::size_t in = 0; in < x.size(); ++in) y[out] += matrix[out * x.size() + in] * x[in];
  }
  return y;
}

/// What one row gives: the chosen experts' values by their probabilities.
Values mixture_of(const ExpertMixture& op, const ExpertWeights& weights, const Values& x) {
  Values probabilities = product(weights.router, x);
  double all = 0;
  for (double& value : probabilities) all += value = std::exp(value);
  Values sorted = probabilities;
  std::ranges::sort(sorted, std::greater<>());
  const double smallest = sorted[static_cast<std::size_t>(op.chosen - 1)];
  double chosen = 0;
  for (std::int64_t i = 0; i < op.chosen; ++i) chosen += sorted[static_cast<std::size_t>(i)];
  Values mixed(x.size());
  for (std::size_t expert = 0; expert < probabilities.size(); ++expert) {
    if (probabilities[expert] < smallest) continue;
    Values inner = product(weights.experts[expert].gate.weight, x);
    const Values up = product(weights.experts[expert].up.weight, x);
    for (std::size_t i = 0; i < inner.size(); ++i) inner[i] *= up[i] / (1 + std::exp(-inner[i]));
    const Values values = product(weights.experts[expert].down.weight, inner);
    const double share = probabilities[expert] / (op.normalize ? chosen : all);
    for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] += share * values[i];
  }
  return mixed;
}

ExpertWeights random_experts(std::mt19937_64& random, std::int64_t experts, std::int64_t hidden,
                             std::int64_t inner) {
  const auto matrix = [&](std::int64_t out, std::int64_t in) {
    return test::random_tensor(random, Dtype::float32, {out, in}, 1 / std::sqrt(static_cast<double>(in)));
  };
  ExpertWeights weights{.router = matrix(experts, hidden), .experts = {}};
  for (std::int64_t i = 0; i < experts; ++i) {
    weights.experts.push_back({.gate = {matrix(inner, hidden), {}},
                               .up = {matrix(inner, hidden), {}},
                               .down = {matrix(hidden, inner), {}}});
  }
  return weights;
}

TEST(ExpertMixtureDefinition, SumsTheChosenExperts) {
  std::mt19937_64 random(5);
  for (const bool normalize : {false, true}) {
    for (const std::int64_t chosen : {1, 3, 6}) {
      const ExpertWeights weights = random_experts(random, 6, 16, 10);
      const ExpertMixture op{.chosen = chosen, .normalize = normalize};
      const Tensor x = test::random_tensor(random, Dtype::float32, {2, 9, 16});
      const Tensor residual = test::random_tensor(random, Dtype::float32, {2, 9, 16});
      test::ReferenceContext reference;
      const Values found = test::values_of(op.define(reference.context, x, weights, residual));
      const Values input = test::values_of(x);
      const Values added = test::values_of(residual);
      for (std::size_t row = 0; row < 18; ++row) {
        const Values mixed = mixture_of(op, weights,
                                        {input.begin() + static_cast<std::ptrdiff_t>(row) * 16,
                                         input.begin() + static_cast<std::ptrdiff_t>(row + 1) * 16});
        for (std::size_t i = 0; i < 16; ++i) {
          // About ten roundings of float32 of numbers of a few units.
          EXPECT_NEAR(found[row * 16 + i], added[row * 16 + i] + mixed[i], 40 * 0x1p-24) << row << ' ' << i;
        }
      }
    }
  }
}

TEST(ExpertMixtureDefinition, RunsOnlyTheChosenExperts) {
  std::mt19937_64 random(6);
  ExpertWeights weights = random_experts(random, 5, 8, 4);
  const Tensor x = test::random_tensor(random, Dtype::float32, {1, 1, 8});
  test::ReferenceContext reference;
  const ExpertMixture op{.chosen = 2};
  const Routing routing = op.route(
      reference.context, reference.context.apply(Linear{}, x.reshape({1, 8}), weights.router, Tensor()));
  for (std::int64_t expert = 0; expert < 5; ++expert) {
    if (std::ranges::find(routing.experts, expert) == routing.experts.end())
      weights.experts[static_cast<std::size_t>(expert)] = {};  // reading it would throw
  }
  EXPECT_NO_THROW((void)op.define(reference.context, x, weights, x));
}

TEST(Routing, TakesTheMostProbableAndOfEqualOnesTheFirst) {
  test::ReferenceContext reference;
  const Tensor logits = test::tensor_from({0, 2, 1, 2, /**/ 3, 3, 3, 3}, Dtype::float32, {2, 4});
  const Routing routing = ExpertMixture{.chosen = 2, .normalize = true}.route(reference.context, logits);
  EXPECT_THAT(routing.experts, ElementsAre(1, 3, 0, 1));
  EXPECT_THAT(routing.weights, ElementsAre(0.5F, 0.5F, 0.5F, 0.5F));
  ASSERT_EQ(routing.groups.size(), 3U);
  EXPECT_THAT(routing.groups[1].rows, ElementsAre(0, 1));
  EXPECT_THAT(routing.places, ElementsAre(1, 3, 0, 2));
}

TEST(Routing, IsWhatTheWatchLeaves) {
  test::ReferenceContext reference;
  const std::vector<float> values{0, std::log(3.0F), 0, -1};
  const Tensor logits = tensor_of<float>(values, {1, 4});
  std::vector<std::int64_t> own;
  reference.context.set_expert_watch([&](const ExpertChoice& choice) {
    EXPECT_EQ(choice.experts, 4);
    EXPECT_EQ(choice.chosen, 2);
    EXPECT_THAT(choice.logits, testing::ElementsAreArray(values));
    own.assign(choice.ids.begin(), choice.ids.end());
    choice.ids[1] = 2;
  });
  const Routing routing = ExpertMixture{.chosen = 2, .normalize = true}.route(reference.context, logits);
  EXPECT_THAT(own, ElementsAre(1, 0));
  EXPECT_THAT(routing.experts, ElementsAre(1, 2));
  EXPECT_THAT(routing.weights, ElementsAre(testing::FloatEq(0.75F), testing::FloatEq(0.25F)));
  EXPECT_EQ(routing.groups.back().expert, 2);
  reference.context.set_expert_watch({});
  own.clear();
  (void)ExpertMixture{.chosen = 2}.route(reference.context, logits);
  EXPECT_TRUE(own.empty());
}

}  // namespace
}  // namespace bv2::engine
