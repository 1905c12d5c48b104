// Synthetic weights: the same from every way to make them, and of the right size.
#include "engine/loading/synthetic_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "engine/loading/synthetic_values.h"
#include "support/error_text.h"

namespace bv2::engine {
namespace {

Tensor make(std::uint64_t seed, std::string_view name, const Shape& shape, Dtype dtype = Dtype::float32,
            WeightKind kind = WeightKind::matrix) {
  return SyntheticWeights(seed).take(name, shape, dtype, kind);
}
std::vector<float> values(const Tensor& tensor) {
  const auto span = tensor.span<float>();
  return {span.begin(), span.end()};
}

constexpr double small = 0.01804;  // SyntheticStream::small_deviation

struct Moments {
  double mean = 0;
  double deviation = 0;
};
Moments moments_of(std::span<const float> numbers) {
  Moments result;
  for (const float x : numbers) result.mean += static_cast<double>(x);
  result.mean /= static_cast<double>(numbers.size());
  for (const float x : numbers) result.deviation += std::pow(static_cast<double>(x) - result.mean, 2);
  result.deviation = std::sqrt(result.deviation / static_cast<double>(numbers.size()));
  return result;
}

TEST(SyntheticWeights, ValuesDependOnSeedNameAndIndexAlone) {
  const Shape large{1000, 700};  // more than one chunk
  const std::vector<float> reference = values(make(7, "w", large));
  EXPECT_EQ(values(make(7, "w", large)), reference);
  EXPECT_NE(values(make(8, "w", large)), reference);
  EXPECT_NE(values(make(7, "v", large)), reference);
  // A tensor with the same last dimension and fewer rows is the beginning of it.
  const std::vector<float> beginning = values(make(7, "w", {3, 700}));
  EXPECT_TRUE(std::ranges::equal(beginning, std::span(reference).first(beginning.size())));

  const int threads = omp_get_max_threads();
  for (const int count : {1, 2, 3}) {
    omp_set_num_threads(count);
    EXPECT_EQ(values(make(7, "w", large)), reference);
  }
  omp_set_num_threads(threads);
}

TEST(SyntheticWeights, EveryInstructionSetGivesTheSpecifiedValues) {
  const Shape shape{3, 1009};
  for (const WeightKind kind : {WeightKind::matrix, WeightKind::norm_scale}) {
    const SyntheticStream stream = synthetic_stream(3, "b", shape, kind);
    for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
      hwy::SetSupportedTargetsForTest(targets & -targets);
      SCOPED_TRACE(hwy::TargetName(targets & -targets));
      const Tensor f32 = make(3, "b", shape, Dtype::float32, kind);
      for (std::int64_t index = 0; index < f32.numel(); ++index) {
        ASSERT_EQ(f32.data<float>()[index],
                  synthetic_value(stream.part(0), static_cast<std::uint32_t>(index)));
      }
    }
    hwy::SetSupportedTargetsForTest(0);
  }
}

TEST(SyntheticWeights, NarrowDtypesAreTheRoundedFloat32) {
  const Tensor f32 = make(1, "w", {333, 77});
  const Tensor bf16 = make(1, "w", {333, 77}, Dtype::bfloat16);
  const Tensor f16 = make(1, "w", {333, 77}, Dtype::float16);
  for (std::int64_t index = 0; index < f32.numel(); ++index) {
    const float value = f32.data<float>()[index];
    ASSERT_EQ(bf16.data<BFloat16>()[index].bits, BFloat16(value).bits);
    ASSERT_EQ(f16.data<Float16>()[index].bits, Float16(value).bits);
  }
}

TEST(SyntheticWeights, HaveTheSizeOfTheirKind) {
  constexpr std::int64_t rows = 1000;
  constexpr std::int64_t columns = 1024;
  // The error of a mean of n values is deviation / sqrt(n), that of the deviation half of that again; 5 of
  // them.
  const double tolerance = 5 / std::sqrt(static_cast<double>(rows * columns));
  const Moments matrix = moments_of(values(make(0, "w", {rows, columns})));
  EXPECT_NEAR(matrix.deviation * 32, 1, tolerance);
  EXPECT_NEAR(matrix.mean * 32, 0, tolerance);
  const Moments norm =
      moments_of(values(make(0, "n", {rows * columns}, Dtype::float32, WeightKind::norm_scale)));
  EXPECT_NEAR(norm.mean, 1, small * tolerance + 0x1p-23);
  EXPECT_NEAR(norm.deviation, small, small * tolerance + 0x1p-23);
  const Moments bias = moments_of(values(make(0, "b", {rows * columns}, Dtype::float32, WeightKind::bias)));
  EXPECT_NEAR(bias.deviation, small, small * tolerance);
}

TEST(SyntheticWeights, NeighboursRowsAndTensorsAreUncorrelated) {
  constexpr std::int64_t count = 1 << 20U;
  const std::vector<float> w = values(make(0, "model.layers.0.w", {count}, Dtype::float32, WeightKind::bias));
  const std::vector<float> v = values(make(0, "model.layers.1.w", {count}, Dtype::float32, WeightKind::bias));
  const auto correlation = [&](std::span<const float> a, std::span<const float> b) {
    double sum = 0;
    const std::size_t n = std::min(a.size(), b.size());
    for (std::size_t index = 0; index < n; ++index) {
      sum += static_cast<double>(a[index]) * static_cast<double>(b[index]);
    }
    return sum / static_cast<double>(n) / (small * small);
  };
  const double bound = 5 / std::sqrt(static_cast<double>(count) / 2);
  EXPECT_LT(std::abs(correlation(w, v)), bound);
  for (const std::size_t lag : {1U, 2U, 64U, 576U, 1024U, 65536U, 1U << 19U}) {
    EXPECT_LT(std::abs(correlation(w, std::span(w).subspan(lag))), bound) << lag;
  }
}

TEST(SyntheticWeights, AProductOfManyLayersStaysOfUnitSize) {
  constexpr std::int64_t width = 256;
  std::vector<float> x = values(make(5, "x", {width}, Dtype::float32, WeightKind::embedding));
  for (float& value : x) value *= std::sqrt(static_cast<float>(width));  // of unit size
  for (int layer = 0; layer < 20; ++layer) {
    const std::vector<float> w = values(make(5, "w" + std::to_string(layer), {width, width}));
    std::vector<float> y(width);
    for (std::size_t row = 0; row < width; ++row) {
      for (std::size_t column = 0; column < width; ++column) y[row] += w[row * width + column] * x[column];
    }
    x = y;
  }
  // Each layer keeps the size up to 1/sqrt(2 width) of it: 20 layers, 5 of them in all.
  EXPECT_NEAR(std::log(moments_of(x).deviation), 0, 5 * std::sqrt(20.0 / (2 * width)));
}

TEST(SyntheticWeights, BeyondFourBillionElementsAnotherKeyTakesOver) {
  const SyntheticStream stream(0x123456789abcdefU, 0, 1);
  EXPECT_NE(synthetic_value(stream.part(0), 5), synthetic_value(stream.part(std::uint64_t{1} << 32U), 5));
}

TEST(SyntheticWeights, MakesAnyTensorButOnlyOfFloats) {
  SyntheticWeights weights(0);
  EXPECT_TRUE(weights.has("anything"));
  EXPECT_TRUE(weights.synthetic());
  EXPECT_EQ(weights.take("e", {0, 4}, Dtype::float32, WeightKind::matrix).numel(), 0);
  EXPECT_EQ(weights.take("s", {}, Dtype::float32, WeightKind::matrix).numel(), 1);
  EXPECT_THAT(test::error_text([&] { weights.take("w", {2}, Dtype::int64, WeightKind::matrix); }),
              testing::HasSubstr("not int64 (tensor 'w')"));
}

}  // namespace
}  // namespace bv2::engine
