// The layer operations' definitions against their formulas in double precision.
#include "engine/ops/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "engine/ops/block.h"
#include "support/reference_executor.h"
#include "support/values.h"

namespace bv2::engine {
namespace {

using test::random_tensor;
using test::tensor_from;
using test::values_of;
using Values = std::vector<double>;

class Definitions : public testing::Test {
 protected:
  template <class Op, class... Inputs>
  Values run(const Op& op, const Inputs&... inputs) {
    return values_of(context_.apply(op, inputs...));
  }
  Tensor random(const Shape& shape, Dtype dtype = Dtype::float32) {
    return random_tensor(random_, dtype, shape);
  }

  test::ReferenceExecutor executor_;
  Context context_{executor_, AttentionPath::eager};
  std::mt19937_64 random_{1};
};

double bfloat16(double value) { return static_cast<float>(BFloat16(static_cast<float>(value))); }

/// Relative to the larger of the expected value and `scale` (what was added up), in roundings of float32.
void expect_near(const Values& values, const Values& expected, double roundings, double scale = 0) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], expected[i], roundings * 0x1p-24 * std::max(std::abs(expected[i]), scale)) << i;
  }
}

TEST_F(Definitions, EmbeddingTakesRowsAndScales) {
  const Tensor table = tensor_from({1, 2, 3, 4, 5, 6}, Dtype::float32, {3, 2});
  const Tensor ids = tensor_from({2, 0, 2, 1}, Dtype::int64, {2, 2});
  EXPECT_EQ(run(Embedding{}, ids, table), (Values{5, 6, 1, 2, 5, 6, 3, 4}));
  EXPECT_EQ(run(Embedding{.scale = 2}, ids, table), (Values{10, 12, 2, 4, 10, 12, 6, 8}));
}

TEST_F(Definitions, EmbeddingScaleIsRoundedToTheTable) {
  const Tensor ids = tensor_from({0}, Dtype::int64, {1, 1});
  const double scale = std::sqrt(3072.0);  // 55.4256, in bfloat16 55.5
  // 9 * 55.5 rounds to 500 in bfloat16, 9 * 55.4256 to 498.
  EXPECT_EQ(run(Embedding{.scale = scale}, ids, tensor_from({9}, Dtype::bfloat16, {1, 1})), Values{500});
}

TEST_F(Definitions, Linear) {
  const Tensor x = random({2, 3, 5});
  const Tensor weight = random({4, 5});
  const Tensor bias = random({4});
  Values expected;
  Values without;
  for (std::size_t row = 0; row < 6; ++row) {
    for (std::size_t out = 0; out < 4; ++out) {
      double sum = 0;
      for (std::size_t i = 0; i < 5; ++i) sum += values_of(x)[row * 5 + i] * values_of(weight)[out * 5 + i];
      without.push_back(sum);
      expected.push_back(sum + values_of(bias)[out]);
    }
  }
  expect_near(run(Linear{}, x, weight, Tensor()), without, 2, 20);
  expect_near(run(Linear{}, x, weight, bias), expected, 3, 20);
  EXPECT_EQ(context_.apply(Linear{}, x, weight, bias).shape(), (Shape{2, 3, 4}));
}

TEST_F(Definitions, LinearOfAStridedInput) {
  const Tensor x = random({2, 4, 5});
  const Tensor last = x.slice(1, 3, 4);
  const Tensor weight = random({3, 5});
  const Tensor copy = tensor_from(values_of(last), Dtype::float32, last.shape());
  EXPECT_EQ(run(Linear{}, last, weight, Tensor()), run(Linear{}, copy, weight, Tensor()));
}

TEST_F(Definitions, RmsNorm) {
  const Tensor x = random({2, 3, 7});
  const Tensor weight = random({7});
  const auto expected = [&](double offset, double epsilon) {
    const Values values = values_of(x);
    const Values weights = values_of(weight);
    Values result;
    for (std::size_t row = 0; row < 6; ++row) {
      double squares = 0;
      for (std::size_t i = 0; i < 7; ++i) squares += values[row * 7 + i] * values[row * 7 + i];
      for (std::size_t i = 0; i < 7; ++i) {
        result.push_back(values[row * 7 + i] / std::sqrt(squares / 7 + epsilon) * (weights[i] + offset));
      }
    }
    return result;
  };
  expect_near(run(RmsNorm{.epsilon = 0.25}, x, weight), expected(0, 0.25), 8);
  expect_near(run(RmsNorm{.epsilon = 1e-5, .weight_offset = 1, .weight_in_float32 = true}, x, weight),
              expected(1, 1e-5), 8, 1);
}

TEST_F(Definitions, RmsNormRoundsWhereTransformersDoes) {
  const Tensor x = random({8, 12}, Dtype::bfloat16);
  const Tensor weight = random({12}, Dtype::bfloat16);
  const Values values = values_of(x);
  const Values weights = values_of(weight);
  Values llama;
  Values gemma;
  for (std::size_t row = 0; row < 8; ++row) {
    double squares = 0;
    for (std::size_t i = 0; i < 12; ++i) squares += values[row * 12 + i] * values[row * 12 + i];
    for (std::size_t i = 0; i < 12; ++i) {
      const double normed = values[row * 12 + i] / std::sqrt(squares / 12 + 1e-6);
      llama.push_back(bfloat16(weights[i] * bfloat16(normed)));
      gemma.push_back(bfloat16((1 + weights[i]) * normed));
    }
  }
  EXPECT_EQ(run(RmsNorm{}, x, weight), llama);
  EXPECT_EQ(run(RmsNorm{.weight_offset = 1, .weight_in_float32 = true}, x, weight), gemma);
}

TEST_F(Definitions, LayerNorm) {
  const Tensor x = random({4, 9});
  const Tensor weight = random({9});
  const Tensor bias = random({9});
  Values expected;
  Values without_bias;
  for (std::size_t row = 0; row < 4; ++row) {
    const Values values =
        values_of(x.slice(0, static_cast<std::int64_t>(row), static_cast<std::int64_t>(row) + 1));
    double mean = 0;
    for (const double value : values) mean += value / 9;
    double variance = 0;
    for (const double value : values) variance += (value - mean) * (value - mean) / 9;
    for (std::size_t i = 0; i < 9; ++i) {
      without_bias.push_back((values[i] - mean) / std::sqrt(variance + 0.5) * values_of(weight)[i]);
      expected.push_back(without_bias.back() + values_of(bias)[i]);
    }
  }
  expect_near(run(LayerNorm{.epsilon = 0.5}, x, weight, bias), expected, 12, 4);
  expect_near(run(LayerNorm{.epsilon = 0.5}, x, weight, Tensor()), without_bias, 12, 4);
}

TEST_F(Definitions, LayerNormRoundsOnce) {
  const Tensor x = random({3, 16}, Dtype::bfloat16);
  const Tensor weight = random({16}, Dtype::bfloat16);
  const Tensor bias = random({16}, Dtype::bfloat16);
  const auto wide = [](const Tensor& tensor) {
    return tensor_from(values_of(tensor), Dtype::float32, tensor.shape());
  };
  Values expected = run(LayerNorm{}, wide(x), wide(weight), wide(bias));
  for (double& value : expected) value = bfloat16(value);
  EXPECT_EQ(run(LayerNorm{}, x, weight, bias), expected);
}

/// Pairs (i, i + rotary_dim / 2) turned by the angle of a position; the rest as it is.
Values rotated(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  const Values values = values_of(x);
  const Values cosines = values_of(cos);
  const Values sines = values_of(sin);
  const auto head_dim = static_cast<std::size_t>(x.size(3));
  const auto tokens = static_cast<std::size_t>(x.size(2));
  const auto heads = static_cast<std::size_t>(x.size(1));
  const auto rotary_dim = static_cast<std::size_t>(cos.size(3));
  Values result = values;
  for (std::size_t row = 0; row < values.size() / head_dim; ++row) {
    const std::size_t batch = cos.size(0) == 1 ? 0 : row / tokens / heads;
    const std::size_t angle = (batch * tokens + row % tokens) * rotary_dim;
    for (std::size_t i = 0; i < rotary_dim / 2; ++i) {
      const double a = values[row * head_dim + i];
      const double b = values[row * head_dim + rotary_dim / 2 + i];
      result[row * head_dim + i] = a * cosines[angle + i] - b * sines[angle + i];
      result[row * head_dim + rotary_dim / 2 + i] =
          b * cosines[angle + rotary_dim / 2 + i] + a * sines[angle + rotary_dim / 2 + i];
    }
  }
  return result;
}

TEST_F(Definitions, Rotary) {
  for (const std::int64_t rotary_dim : {8, 4, 2}) {
    for (const std::int64_t batch : {1, 2}) {
      const Tensor x = random({2, 3, 5, 8});
      const Tensor cos = random({batch, 1, 5, rotary_dim});
      const Tensor sin = random({batch, 1, 5, rotary_dim});
      expect_near(run(Rotary{}, x, cos, sin), rotated(x, cos, sin), 3, 12);
    }
  }
}

TEST_F(Definitions, RotaryRoundsEachProduct) {
  const Tensor x = random({1, 1, 4, 2}, Dtype::bfloat16);
  const Tensor cos = random({1, 1, 4, 2}, Dtype::bfloat16);
  const Tensor sin = random({1, 1, 4, 2}, Dtype::bfloat16);
  const Values v = values_of(x);
  const Values c = values_of(cos);
  const Values s = values_of(sin);
  Values expected;
  for (std::size_t t = 0; t < 8; t += 2) {
    expected.push_back(bfloat16(bfloat16(v[t] * c[t]) + bfloat16(-v[t + 1] * s[t])));
    expected.push_back(bfloat16(bfloat16(v[t + 1] * c[t + 1]) + bfloat16(v[t] * s[t + 1])));
  }
  EXPECT_EQ(run(Rotary{}, x, cos, sin), expected);
}

TEST_F(Definitions, RotaryRefusesWhatItCannotPair) {
  EXPECT_THROW(run(Rotary{}, random({1, 1, 2, 8}), random({1, 1, 2, 3}), random({1, 1, 2, 3})), Error);
  EXPECT_THROW(run(Rotary{}, random({1, 1, 2, 8}), random({1, 1, 2, 10}), random({1, 1, 2, 10})), Error);
}

TEST_F(Definitions, Softmax) {
  Values scores{1000, 1001, 999, -INFINITY, 0, 1, 2, 3};
  Values expected(8);
  for (std::size_t row = 0; row < 8; row += 4) {
    const double largest = row == 0 ? 1001 : 3;
    double sum = 0;
    for (std::size_t i = row; i < row + 4; ++i) sum += std::exp(scores[i] - largest);
    for (std::size_t i = row; i < row + 4; ++i) expected[i] = std::exp(scores[i] - largest) / sum;
  }
  expect_near(run(Softmax{}, tensor_from(scores, Dtype::float32, {2, 4})), expected, 4);
  for (double& value : expected) value = bfloat16(value);
  scores[0] = scores[1] = scores[2] = 0;  // 1000, 1001 and 999 are one number in bfloat16
  expected[0] = expected[1] = expected[2] = bfloat16(1.0 / 3);
  EXPECT_EQ(run(Softmax{}, tensor_from(scores, Dtype::bfloat16, {2, 4})), expected);
}

double activated(Activation activation, double x) {
  switch (activation) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu:
      return x * 0.5 * std::erfc(-x / std::numbers::sqrt2);
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(0.7978845608028654 * x * (1 + 0.044715 * x * x)));
    case Activation::relu:
      return std::max(x, 0.0);
  }
  return 0;
}

TEST_F(Definitions, Activations) {
  const Tensor x = random({3, 20});
  const Tensor up = random({3, 20});
  for (const Activation activation :
       {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
    Values plain;
    Values gated;
    for (std::size_t i = 0; i < 60; ++i) {
      plain.push_back(activated(activation, values_of(x)[i]));
      gated.push_back(plain.back() * values_of(up)[i]);
    }
    expect_near(run(Activate{activation}, x), plain, 2);
    expect_near(run(GatedActivation{activation}, x, up), gated, 3);
  }
}

TEST_F(Definitions, SoftcapPressesLargeNumbersTogether) {
  const Values x{-100, -1, 0, 0.5, 20, 1000};
  Values expected;
  for (const double value : x) expected.push_back(30 * std::tanh(value / 30));
  expect_near(run(Softcap{30}, tensor_from(x, Dtype::float32, {6})), expected, 4);
}

TEST_F(Definitions, NormResidualAddsTheNorm) {
  const Tensor x = random({3, 12});
  const Tensor weight = random({12});
  const Tensor residual = random({3, 12});
  const RmsNorm norm{.epsilon = 1e-3, .weight_offset = 1};
  Values expected = values_of(context_.apply(norm, x, weight));
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += values_of(residual)[i];
  expect_near(run(NormResidual{norm}, x, weight, residual), expected, 1, 4);
}

TEST(ActivationNames, AreThoseOfTransformers) {
  EXPECT_EQ(activation_from_name("silu"), Activation::silu);
  EXPECT_EQ(activation_from_name("swish"), Activation::silu);
  EXPECT_EQ(activation_from_name("gelu"), Activation::gelu);
  for (const std::string_view name : {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}) {
    EXPECT_EQ(activation_from_name(name), Activation::gelu_tanh) << name;
  }
  EXPECT_EQ(activation_from_name("relu"), Activation::relu);
  EXPECT_EQ(activation_from_name("quick_gelu"), std::nullopt);
  EXPECT_EQ(activation_from_name(""), std::nullopt);
}

TEST(LayerOperations, HaveNamesOfTheirOwn) {
  const std::vector<std::string_view> names(layer_operation_names().begin(), layer_operation_names().end());
  EXPECT_THAT(names, testing::UnorderedElementsAre("embedding", "linear", "rms_norm", "layer_norm", "rotary",
                                                   "softmax", "attention", "activation", "gated_activation",
                                                   "softcap"));
}

}  // namespace
}  // namespace bv2::engine
