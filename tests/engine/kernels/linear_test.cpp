// Products with packed weights, and what is fused to them, against their definitions in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/kernels/panels.h"
#include "support/kernels.h"

namespace bv2::engine {
namespace {

constexpr Dtype dtypes[]{Dtype::float32, Dtype::bfloat16, Dtype::float16};
constexpr std::int64_t row_counts[]{1, 2, 3, 4, 5, 6, 7, 9, 17, 70, 97, 131, 289};
constexpr std::int64_t output_counts[]{1, 5, 63, 64, 65, 130, 200};
constexpr std::int64_t depths[]{1, 2, 7, 31, 32, 33, 100, 257, 384};

template <std::size_t count>
std::int64_t pick(std::mt19937_64& random, const std::int64_t (&from)[count]) {
  return from[random() % count];
}

/// One layer's parameters, plain and packed.
struct Layer {
  LinearWeights plain;
  LinearWeights packed;
};

Layer random_layer(std::mt19937_64& random, Dtype dtype, std::int64_t outputs, std::int64_t depth) {
  const double deviation = 1 / std::sqrt(static_cast<double>(depth));
  Layer layer;
  layer.plain.weight = test::random_tensor(random, dtype, {outputs, depth}, deviation);
  if (random() % 2 == 0) layer.plain.bias = test::random_tensor(random, dtype, {outputs});
  layer.packed = {packed(layer.plain.weight), layer.plain.bias};
  return layer;
}

struct Sizes {
  Dtype dtype;
  std::int64_t rows, outputs, depth;
};

Sizes random_sizes(std::mt19937_64& random) {
  return {dtypes[random() % 3], pick(random, row_counts), pick(random, output_counts), pick(random, depths)};
}

std::string text(const Sizes& sizes) {
  return fmt::format("{} [{}, {}] x [{}, {}]", name(sizes.dtype), sizes.rows, sizes.depth, sizes.outputs,
                     sizes.depth);
}

/// Bounds of stored sums: their accumulation, then one rounding.
std::vector<double> sum_bounds(const Sizes& sizes, const Tensor& sums, const Tensor& magnitudes) {
  const std::vector<double> values = test::values_of(sums);
  std::vector<double> bounds = test::values_of(magnitudes);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    // A product is rounded too where there is no fused multiply-add; then bias and residual.
    const double accumulated = test::sum_error(2 * sizes.depth + 2, bounds[i]);
    bounds[i] = accumulated + test::store_error(sizes.dtype, std::abs(values[i]) + accumulated);
  }
  return bounds;
}

class LinearKernels : public testing::TestWithParam<int> {
 protected:
  std::mt19937_64 random_{static_cast<std::uint64_t>(GetParam())};
  test::ReferenceContext reference_;
};

TEST_P(LinearKernels, LinearEqualsItsDefinition) {
  for (int i = 0; i < 6; ++i) {
    const Sizes sizes = random_sizes(random_);
    const Layer layer = random_layer(random_, sizes.dtype, sizes.outputs, sizes.depth);
    const Tensor x = test::random_tensor(random_, sizes.dtype, {1, sizes.rows, sizes.depth});
    const auto define = [&](const Tensor& input, const LinearWeights& weights) {
      return Linear{}.define(reference_.context, input, weights.weight, weights.bias);
    };
    const Tensor expected = define(test::exact(x), test::exact(layer.plain));
    const auto bounds =
        sum_bounds(sizes, expected, define(test::magnitudes(x), test::magnitudes(layer.plain)));
    const int calls = test::for_each_kernel(
        sizes.dtype, Linear{},
        [&](const Tensor& found, const std::string& how) {
          EXPECT_EQ(test::first_outside(found, test::values_of(expected), bounds), "")
              << how << ' ' << text(sizes);
        },
        x, layer.packed.weight, layer.packed.bias);
    EXPECT_GT(calls, 0);
  }
}

TEST_P(LinearKernels, LinearResidualEqualsItsDefinition) {
  for (int i = 0; i < 6; ++i) {
    const Sizes sizes = random_sizes(random_);
    const Layer layer = random_layer(random_, sizes.dtype, sizes.outputs, sizes.depth);
    const Tensor x = test::random_tensor(random_, sizes.dtype, {1, sizes.rows, sizes.depth});
    const Tensor residual = test::random_tensor(random_, sizes.dtype, {1, sizes.rows, sizes.outputs});
    const Tensor expected = LinearResidual{}.define(reference_.context, test::exact(x),
                                                    test::exact(layer.plain), test::exact(residual));
    const Tensor magnitudes = LinearResidual{}.define(
        reference_.context, test::magnitudes(x), test::magnitudes(layer.plain), test::magnitudes(residual));
    const auto bounds = sum_bounds(sizes, expected, magnitudes);
    const int calls = test::for_each_kernel(
        sizes.dtype, LinearResidual{},
        [&](const Tensor& found, const std::string& how) {
          EXPECT_EQ(test::first_outside(found, test::values_of(expected), bounds), "")
              << how << ' ' << text(sizes);
        },
        x, layer.packed, residual);
    EXPECT_GT(calls, 0);
  }
}

TEST_P(LinearKernels, QkvProjectionEqualsItsDefinition) {
  for (int i = 0; i < 3; ++i) {
    const Sizes sizes = random_sizes(random_);
    const std::int64_t head_dim = 1 + static_cast<std::int64_t>(random_() % 40);
    const std::int64_t batch = 1 + static_cast<std::int64_t>(random_() % 2);
    const auto heads = [&] { return head_dim * (1 + static_cast<std::int64_t>(random_() % 4)); };
    const std::int64_t kv_size = heads();
    const Layer q = random_layer(random_, sizes.dtype, heads(), sizes.depth);
    const Layer k = random_layer(random_, sizes.dtype, kv_size, sizes.depth);
    const Layer v = random_layer(random_, sizes.dtype, kv_size, sizes.depth);
    const Tensor x = test::random_tensor(random_, sizes.dtype, {batch, sizes.rows, sizes.depth});
    const QkvProjection op{head_dim};
    const Qkv expected = op.define(reference_.context, test::exact(x), test::exact(q.plain),
                                   test::exact(k.plain), test::exact(v.plain));
    const Qkv magnitudes = op.define(reference_.context, test::magnitudes(x), test::magnitudes(q.plain),
                                     test::magnitudes(k.plain), test::magnitudes(v.plain));
    const int calls = test::for_each_kernel(
        sizes.dtype, op,
        [&](const Qkv& found, const std::string& how) {
          for (const auto part : {&Qkv::q, &Qkv::k, &Qkv::v}) {
            const auto bounds = sum_bounds(sizes, expected.*part, magnitudes.*part);
            EXPECT_EQ((found.*part).shape(), (expected.*part).shape());
            EXPECT_EQ(test::first_outside(found.*part, test::values_of(expected.*part), bounds), "")
                << how << ' ' << text(sizes);
          }
        },
        x, q.packed, k.packed, v.packed);
    EXPECT_GT(calls, 0);
  }
}

constexpr double steepest = 1.13;  // of the four activations: gelu's
// oneDNN's erf (Abramowitz and Stegun 7.1.26: 1.5e-7) and exponentials
constexpr double approximation = 5e-7;

/// Bounds of activation(gate) * up from those of the two sums.
std::vector<double> gated_bounds(const Sizes& sizes, const std::vector<double>& gate,
                                 const std::vector<double>& gate_size, const std::vector<double>& up,
                                 const std::vector<double>& up_size, const std::vector<double>& product) {
  std::vector<double> bounds(product.size());
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const double gate_error = test::sum_error(2 * sizes.depth + 2, gate_size[i]);
    // up may be stored between the two products.
    const double up_error =
        test::sum_error(2 * sizes.depth + 2, up_size[i]) + test::store_error(sizes.dtype, up[i]);
    const double opened_error = steepest * gate_error + approximation * (1 + std::abs(gate[i]));
    const double error = opened_error * (std::abs(up[i]) + up_error) + (std::abs(gate[i]) + 0.2) * up_error;
    bounds[i] = error + test::store_error(sizes.dtype, std::abs(product[i]) + error);
  }
  return bounds;
}

/// Bounds of activation(sum) from those of the sum.
std::vector<double> activated_bounds(const Sizes& sizes, const std::vector<double>& sum,
                                     const std::vector<double>& sum_size, const std::vector<double>& result) {
  std::vector<double> bounds(result.size());
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const double error =
        steepest * test::sum_error(2 * sizes.depth + 2, sum_size[i]) + approximation * (1 + std::abs(sum[i]));
    bounds[i] = error + test::store_error(sizes.dtype, std::abs(result[i]) + error);
  }
  return bounds;
}

TEST_P(LinearKernels, LinearActivationEqualsItsDefinition) {
  for (int i = 0; i < 6; ++i) {
    const Sizes sizes = random_sizes(random_);
    const LinearActivation op{static_cast<Activation>(random_() % 4)};
    const Layer layer = random_layer(random_, sizes.dtype, sizes.outputs, sizes.depth);
    const Tensor x = test::random_tensor(random_, sizes.dtype, {1, sizes.rows, sizes.depth});
    const auto sums = [&](const Tensor& input, const LinearWeights& weights) {
      return test::values_of(Linear{}.define(reference_.context, input, weights.weight, weights.bias));
    };
    const std::vector<double> expected =
        test::values_of(op.define(reference_.context, test::exact(x), test::exact(layer.plain)));
    const auto bounds = activated_bounds(sizes, sums(test::exact(x), test::exact(layer.plain)),
                                         sums(test::magnitudes(x), test::magnitudes(layer.plain)), expected);
    const int calls = test::for_each_kernel(
        sizes.dtype, op,
        [&](const Tensor& found, const std::string& how) {
          EXPECT_EQ(test::first_outside(found, expected, bounds), "")
              << how << ' ' << text(sizes) << " activation " << static_cast<int>(op.activation);
        },
        x, layer.packed);
    EXPECT_GT(calls, 0);
  }
}

TEST_P(LinearKernels, GatedProjectionEqualsItsDefinition) {
  for (int i = 0; i < 6; ++i) {
    const Sizes sizes = random_sizes(random_);
    const GatedProjection op{static_cast<Activation>(random_() % 4)};
    const Layer gate = random_layer(random_, sizes.dtype, sizes.outputs, sizes.depth);
    const Layer up = random_layer(random_, sizes.dtype, sizes.outputs, sizes.depth);
    const Tensor x = test::random_tensor(random_, sizes.dtype, {1, sizes.rows, sizes.depth});
    const auto sums = [&](const Tensor& input, const LinearWeights& weights) {
      return test::values_of(Linear{}.define(reference_.context, input, weights.weight, weights.bias));
    };
    const std::vector<double> expected = test::values_of(
        op.define(reference_.context, test::exact(x), test::exact(gate.plain), test::exact(up.plain)));
    const auto bounds = gated_bounds(sizes, sums(test::exact(x), test::exact(gate.plain)),
                                     sums(test::magnitudes(x), test::magnitudes(gate.plain)),
                                     sums(test::exact(x), test::exact(up.plain)),
                                     sums(test::magnitudes(x), test::magnitudes(up.plain)), expected);
    const int calls = test::for_each_kernel(
        sizes.dtype, op,
        [&](const Tensor& found, const std::string& how) {
          EXPECT_EQ(test::first_outside(found, expected, bounds), "")
              << how << ' ' << text(sizes) << " activation " << static_cast<int>(op.activation);
        },
        x, gate.packed, up.packed);
    EXPECT_GT(calls, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, LinearKernels, testing::Range(0, 8));

TEST(LinearKernel, OfNoRowsIsEmpty) {
  std::mt19937_64 random(1);
  for (const Dtype dtype : dtypes) {
    const Layer layer = random_layer(random, dtype, 70, 33);
    const int calls = test::for_each_kernel(
        dtype, Linear{},
        [&](const Tensor& found, const std::string& how) {
          EXPECT_EQ(found.shape(), (Shape{1, 0, 70})) << how;
        },
        Tensor(dtype, {1, 0, 33}), layer.packed.weight, layer.packed.bias);
    EXPECT_GT(calls, 0);
  }
}

TEST(LinearKernel, PanelsGiveTheSameBitsWhicheverMeet) {
  std::mt19937_64 random(1);
  for (const Dtype dtype : dtypes) {
    // Eleven panels: in streams of two, one thread takes ten together and one alone, two take two and three
    // pairs; in streams of four, eight and three, and four and one beside four and two.
    const Layer layer = random_layer(random, dtype, 11 * 64 - 5, 257);
    const Tensor x = test::random_tensor(random, dtype, {1, 1, 257});
    std::map<std::string, std::vector<double>> alone;
    const int calls = test::for_each_kernel(
        dtype, Linear{},
        [&](const Tensor& found, const std::string& how) {
          if (how.find("panel_ge") == std::string::npos) return;  // panel_gemv and panel_gemm
          const auto [at, is_first] =
              alone.try_emplace(how.substr(0, how.rfind(',')), test::values_of(found));
          EXPECT_EQ(is_first, how.ends_with(" 1 threads"));
          EXPECT_EQ(test::values_of(found), at->second) << how << ' ' << name(dtype);
        },
        x, layer.packed.weight, layer.packed.bias);
    EXPECT_GT(calls, 0);
    EXPECT_FALSE(alone.empty());
  }
}

TEST(LinearKernel, LeavesPlainWeightsToTheDefinition) {
  std::mt19937_64 random(1);
  const Layer layer = random_layer(random, Dtype::float32, 70, 33);
  const Tensor x = test::random_tensor(random, Dtype::float32, {1, 2, 33});
  EXPECT_EQ(test::for_each_kernel(
                Dtype::float32, Linear{}, [](const Tensor&, const std::string&) {}, x, layer.plain.weight,
                layer.plain.bias),
            0);
}

TEST(LinearKernel, NeverReadsPackedWeightsAsPlainOnes) {
  std::mt19937_64 random(1);
  const Layer layer = random_layer(random, Dtype::float32, 70, 33);
  const Tensor x = test::random_tensor(random, Dtype::float32, {1, 2, 33});
  test::ReferenceContext reference;
  EXPECT_THROW(reference.context.apply(Linear{}, x, layer.packed.weight, layer.packed.bias), Error);
}

}  // namespace
}  // namespace bv2::engine
