// Element-wise operations of one input against their definitions in double precision.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numbers>

#include "support/run_eager.h"
#include "support/targets.h"
#include "support/ulp.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::Shape;
using engine::Tensor;

constexpr std::array float_dtypes{Dtype::float32, Dtype::bfloat16, Dtype::float16};
constexpr float number = 0.7F;

struct Definition {
  BasicOp op;
  double (*function)(double);
  double ulps;  ///< what the operation promises in float32
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
// 1 + erf cancels for negative x: erfc says the same without.
double gelu(double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }
// (1 + tanh u) / 2 = 1 / (1 + e^-2u), without the cancellation.
double gelu_tanh(double x) {
  const double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x / (1 + std::exp(-2 * u));
}

const std::array definitions{
    Definition{BasicOp::neg, [](double x) { return -x; }, 0},
    Definition{BasicOp::relu, [](double x) { return x < 0 ? 0 : x; }, 0},
    // One rounding each.
    Definition{BasicOp::add_scalar, [](double x) { return x + double{number}; }, 0.5},
    Definition{BasicOp::mul_scalar, [](double x) { return x * double{number}; }, 0.5},
    Definition{BasicOp::exp, [](double x) { return std::exp(x); }, 1},
    // A square root and a division: half an ulp each, the first doubled where the quotient's binade is
    // smaller.
    Definition{BasicOp::rsqrt, [](double x) { return 1 / std::sqrt(x); }, 1.5},
    Definition{BasicOp::tanh, [](double x) { return std::tanh(x); }, 3},
    Definition{BasicOp::sigmoid, sigmoid, 3},
    Definition{BasicOp::silu, [](double x) { return x * sigmoid(x); }, 3},
    Definition{BasicOp::gelu, gelu, 1},
    Definition{BasicOp::gelu_tanh, gelu_tanh, 1},
    Definition{BasicOp::sin, [](double x) { return std::sin(x); }, 1},
    Definition{BasicOp::cos, [](double x) { return std::cos(x); }, 1},
};

/// Every 16-bit pattern, or some 130 000 of float32 spread evenly over all of them (every sign, exponent,
/// NaN).
Tensor all_patterns(Dtype dtype) {
  if (dtype != Dtype::float32) {
    Tensor x(dtype, {1 << 16});
    for (std::uint32_t bits = 0; bits < 1U << 16U; ++bits)
      reinterpret_cast<std::uint16_t*>(x.raw())[bits] = static_cast<std::uint16_t>(bits);
    return x;
  }
  constexpr std::uint32_t step = 32749;  // a prime: the low bits vary
  Tensor x(dtype, {(std::int64_t{1} << 32) / step});
  std::uint32_t bits = 0;
  for (float& value : x.span<float>()) {
    value = std::bit_cast<float>(bits);
    bits += step;
  }
  return x;
}

class UnaryAccuracy : public testing::TestWithParam<Definition> {};

TEST_P(UnaryAccuracy, StaysWithinItsBoundOnEveryTarget) {
  const auto& [op, function, ulps] = GetParam();
  for (const Dtype dtype : float_dtypes) {
    const Tensor x = all_patterns(dtype);
    std::vector<double> exact = values_of(x);
    for (double& value : exact) value = function(value);
    // A 16-bit result is the float32 one rounded once more.
    const bool is_float32 = dtype == Dtype::float32;
    for_each_target([&](const std::string& target) {
      const std::vector<double> got = values_of(run_eager(op, {x}, {.scalar = double{number}}));
      const std::vector<double> inputs = values_of(x);
      double worst = 0;
      double worst_input = 0;
      for (std::size_t i = 0; i < exact.size(); ++i) {
        double error = ulps_apart(got[i], exact[i], dtype);
        if (!is_float32) error -= 0.5 + ulps * spacing(1, Dtype::float32) / spacing(1, dtype);
        if (error > worst) {
          worst = error;
          worst_input = inputs[i];
        }
      }
      EXPECT_LE(worst, is_float32 ? ulps : 0) << name(dtype) << " " << target << " at " << worst_input;
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, UnaryAccuracy, testing::ValuesIn(definitions),
                         [](const auto& info) { return std::string(engine::name(info.param.op)); });

TEST(Unary, SineIsRightForAnglesBeyondTheReductionOfTheVectorCode) {
  const Tensor x = tensor_from({1e6, 131071, 2e6, 1e7, -3e38}, Dtype::float32, {5});
  std::vector<double> angles = values_of(x);
  const std::vector<double> sines = values_of(run_eager(BasicOp::sin, {x}));
  const std::vector<double> cosines = values_of(run_eager(BasicOp::cos, {x}));
  for (std::size_t i = 0; i < angles.size(); ++i) {
    EXPECT_LE(ulps_apart(sines[i], std::sin(angles[i]), Dtype::float32), 1);
    EXPECT_LE(ulps_apart(cosines[i], std::cos(angles[i]), Dtype::float32), 1);
  }
}

TEST(Unary, EverySizeAndLayoutGivesWhatOneElementAloneGives) {
  std::mt19937_64 random(1);
  const Tensor cube = random_tensor(random, Dtype::bfloat16, {5, 37, 70});
  std::vector<Tensor> layouts{cube,
                              cube.slice(2, 3, 69),
                              cube.slice(1, 2, 3),
                              cube.transpose(0, 1),
                              cube.transpose(1, 2),
                              cube.transpose(0, 2).slice(0, 5, 6),
                              cube.slice(0, 2, 3).expand({4, 37, 70}),
                              cube.slice(2, 2, 3).expand({5, 37, 70}),
                              cube.slice(1, 5, 5),
                              Tensor(Dtype::bfloat16, {0})};
  for (std::int64_t size = 0; size < 70; ++size)
    layouts.push_back(cube.slice(0, 0, 1).slice(1, 0, 1).slice(2, 0, size));
  for_each_target([&](const std::string& target) {
    for (const Tensor& x : layouts) {
      const Tensor result = run_eager(BasicOp::silu, {x});
      EXPECT_TRUE(result.is_contiguous());
      EXPECT_EQ(result.shape(), x.shape());
      std::vector<double> expected = values_of(x);
      for (double& value : expected)
        value = values_of(run_eager(BasicOp::silu, {tensor_from({value}, Dtype::bfloat16, {})})).front();
      EXPECT_EQ(values_of(result), expected) << target << " " << to_string(x.shape());
    }
  });
}

TEST(Unary, ManyElementsAreSharedOutOverThreads) {
  std::mt19937_64 random(2);
  const Tensor x = random_tensor(random, Dtype::float32, {3, 100003});
  std::vector<double> alone;
  {
    const ThreadCount one(1);
    alone = values_of(run_eager(BasicOp::gelu, {x}));
  }
  for (const int threads : {2, 3, 7}) {
    const ThreadCount some(threads);
    EXPECT_EQ(values_of(run_eager(BasicOp::gelu, {x})), alone) << threads;
  }
}

}  // namespace
}  // namespace bv2::test
