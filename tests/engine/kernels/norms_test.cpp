// RMSNorm and LayerNorm kernels against their definitions.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "support/kernels.h"

namespace bv2::engine {
namespace {

constexpr Dtype dtypes[]{Dtype::float32, Dtype::bfloat16, Dtype::float16};

/// Norms are relative errors: of the mean (sums of `width` squares, halved by the root), of a few more
/// float32 operations, also in the definition, which casts to float32, and of the store. `cancelled` is what
/// of the inputs' size the result lost by subtraction.
std::vector<double> norm_bounds(Dtype dtype, std::int64_t width, const std::vector<double>& expected,
                                const std::vector<double>& added, double cancelled) {
  const double unit = info(Dtype::float32).epsilon / 2;
  std::vector<double> bounds(expected.size());
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const double size = std::abs(expected[i]) + added[i % added.size()] + cancelled;
    const double error = (2 * static_cast<double>(width) + 16) * unit * size;
    bounds[i] = error + test::store_error(dtype, std::abs(expected[i]) + error);
  }
  return bounds;
}

struct Sizes {
  Dtype dtype;
  std::int64_t batch, tokens, width;
};

Sizes random_sizes(std::mt19937_64& random) {
  constexpr std::int64_t widths[]{1, 3, 15, 16, 17, 64, 100, 257, 576};
  constexpr std::int64_t tokens[]{1, 2, 5, 33, 70};
  return {dtypes[random() % 3], 1 + static_cast<std::int64_t>(random() % 2), tokens[random() % 5],
          widths[random() % 9]};
}

std::string text(const Sizes& sizes) {
  return fmt::format("{} [{}, {}, {}]", name(sizes.dtype), sizes.batch, sizes.tokens, sizes.width);
}

class NormKernels : public testing::TestWithParam<int> {
 protected:
  std::mt19937_64 random_{static_cast<std::uint64_t>(GetParam())};
  test::ReferenceContext reference_;
};

TEST_P(NormKernels, RmsNormEqualsItsDefinition) {
  for (int i = 0; i < 10; ++i) {
    const Sizes sizes = random_sizes(random_);
    Tensor x = test::random_tensor(random_, sizes.dtype, {sizes.batch, sizes.tokens, sizes.width}, 3);
    const bool last_token = random_() % 3 == 0;  // a strided input, as before the head
    if (last_token) x = x.slice(1, sizes.tokens - 1, sizes.tokens);
    const Tensor weight = test::random_tensor(random_, sizes.dtype, {sizes.width});
    const RmsNorm op{.epsilon = 1e-5, .weight_offset = random_() % 2 == 0 ? 0.0 : 1.0};
    const std::vector<double> expected =
        test::values_of(op.define(reference_.context, test::exact(x), test::exact(weight)));
    // The offset may cancel against the weight.
    const auto bounds = norm_bounds(sizes.dtype, sizes.width, expected, {0}, op.weight_offset * 0x1p4);
    const int calls = test::for_each_kernel(
        sizes.dtype, op,
        [&](const Tensor& found, const std::string& how) {
          EXPECT_TRUE(found.is_contiguous());
          EXPECT_EQ(test::first_outside(found, expected, bounds), "") << how << ' ' << text(sizes);
        },
        x, weight);
    EXPECT_GT(calls, 0);
  }
}

TEST_P(NormKernels, NormResidualEqualsItsDefinition) {
  for (int i = 0; i < 5; ++i) {
    const Sizes sizes = random_sizes(random_);
    const Shape shape{sizes.batch, sizes.tokens, sizes.width};
    const Tensor x = test::random_tensor(random_, sizes.dtype, shape, 3);
    const Tensor residual = test::random_tensor(random_, sizes.dtype, shape);
    const Tensor weight = test::random_tensor(random_, sizes.dtype, {sizes.width});
    const NormResidual op{{.epsilon = 1e-5, .weight_offset = random_() % 2 == 0 ? 0.0 : 1.0}};
    const std::vector<double> expected = test::values_of(
        op.define(reference_.context, test::exact(x), test::exact(weight), test::exact(residual)));
    const auto bounds =
        norm_bounds(sizes.dtype, sizes.width, expected, test::values_of(test::magnitudes(residual)),
                    op.norm.weight_offset * 0x1p4);
    const int calls = test::for_each_kernel(
        sizes.dtype, op,
        [&](const Tensor& found, const std::string& how) {
          EXPECT_EQ(test::first_outside(found, expected, bounds), "") << how << ' ' << text(sizes);
        },
        x, weight, residual);
    EXPECT_GT(calls, 0);
  }
}

TEST_P(NormKernels, LayerNormEqualsItsDefinition) {
  for (int i = 0; i < 10; ++i) {
    const Sizes sizes = random_sizes(random_);
    const Tensor x = test::random_tensor(random_, sizes.dtype, {sizes.batch, sizes.tokens, sizes.width}, 3);
    const Tensor weight = test::random_tensor(random_, sizes.dtype, {sizes.width});
    const Tensor bias =
        random_() % 2 == 0 ? Tensor() : test::random_tensor(random_, sizes.dtype, {sizes.width});
    const LayerNorm op{.epsilon = 1e-5};
    const std::vector<double> expected = test::values_of(
        op.define(reference_.context, test::exact(x), test::exact(weight), test::exact(bias)));
    const std::vector<double> added =
        bias.defined() ? test::values_of(test::magnitudes(bias)) : std::vector<double>{0};
    // With one element of a row all is cancelled: (x - mean) of size 12 in units of sqrt(epsilon).
    const double cancelled = sizes.width == 1 ? 12 * 3 / std::sqrt(op.epsilon) : 16;
    const auto bounds = norm_bounds(sizes.dtype, sizes.width, expected, added, cancelled);
    const int calls = test::for_each_kernel(
        sizes.dtype, op,
        [&](const Tensor& found, const std::string& how) {
          EXPECT_EQ(test::first_outside(found, expected, bounds), "") << how << ' ' << text(sizes);
        },
        x, weight, bias);
    EXPECT_GT(calls, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, NormKernels, testing::Range(0, 6));

TEST(NormKernel, OfNoRowsAreEmpty) {
  std::mt19937_64 random(1);
  const Tensor weight = test::random_tensor(random, Dtype::float32, {20});
  const int calls = test::for_each_kernel(
      Dtype::float32, RmsNorm{}, [](const Tensor& found, const std::string&) { EXPECT_EQ(found.numel(), 0); },
      Tensor(Dtype::float32, {1, 0, 20}), weight);
  EXPECT_GT(calls, 0);
}

}  // namespace
}  // namespace bv2::engine
