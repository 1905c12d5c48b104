// Casts: rounding, special numbers, layouts.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "support/run_eager.h"
#include "support/targets.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::Tensor;

Tensor cast(const Tensor& x, Dtype dtype) { return run_eager(BasicOp::cast, {x}, {.dtype = dtype}); }

/// Floats around every place where rounding to a 16-bit format turns, and all kinds of special numbers.
std::vector<float> turning_points() {
  std::vector<float> values{0.F, -0.F, HUGE_VALF, -HUGE_VALF, NAN, -NAN, std::bit_cast<float>(0x7f800001U)};
  for (std::uint32_t upper = 0; upper < 1U << 16U; upper += 7) {
    for (const std::uint32_t lower : {0U, 1U, 0xfffU, 0x1000U, 0x1001U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU})
      values.push_back(std::bit_cast<float>(upper << 16U | lower));
  }
  return values;
}

TEST(Cast, To16BitsRoundsToNearestEvenOnEveryTarget) {
  const std::vector<float> values = turning_points();
  const Tensor x = engine::tensor_of<float>(values, {static_cast<std::int64_t>(values.size())});
  for_each_target([&](const std::string& target) {
    const Tensor bfloat16 = cast(x, Dtype::bfloat16);
    const Tensor float16 = cast(x, Dtype::float16);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto b = bfloat16.span<BFloat16>()[i];
      const auto h = float16.span<Float16>()[i];
      if (std::isnan(values[i]))
        wrong += std::isnan(static_cast<float>(b)) && std::isnan(static_cast<float>(h)) ? 0 : 1;
      else
        wrong += b.bits == BFloat16(values[i]).bits && h.bits == Float16(values[i]).bits ? 0 : 1;
    }
    EXPECT_EQ(wrong, 0U) << target;
  });
}

TEST(Cast, From16BitsIsExactForEveryPattern) {
  for (const Dtype dtype : {Dtype::bfloat16, Dtype::float16}) {
    Tensor x(dtype, {1 << 16});
    for (std::uint32_t bits = 0; bits < 1U << 16U; ++bits)
      reinterpret_cast<std::uint16_t*>(x.raw())[bits] = static_cast<std::uint16_t>(bits);
    const std::vector<double> exact = values_of(x);
    for_each_target([&](const std::string& target) {
      const std::vector<double> got = values_of(cast(x, Dtype::float32));
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < got.size(); ++i)
        wrong += got[i] == exact[i] || (std::isnan(got[i]) && std::isnan(exact[i])) ? 0 : 1;
      EXPECT_EQ(wrong, 0U) << name(dtype) << " " << target;
    });
  }
}

TEST(Cast, ReadsViewsAndShortRows) {
  std::mt19937_64 random(1);
  const Tensor x = random_tensor(random, Dtype::bfloat16, {3, 5, 21});
  for (const Tensor& view : {x.slice(2, 1, 20), x.transpose(0, 1), x.transpose(1, 2), x.slice(2, 4, 5),
                             x.slice(1, 1, 2).expand({3, 9, 21}), x.slice(0, 1, 1)}) {
    for_each_target([&](const std::string& target) {
      const Tensor wide = cast(view, Dtype::float32);
      EXPECT_EQ(wide.shape(), view.shape());
      EXPECT_TRUE(wide.is_contiguous());
      EXPECT_EQ(values_of(wide), values_of(view)) << target;
    });
  }
}

TEST(Cast, BetweenIntegersAndFloats) {
  const Tensor ids = tensor_from({-3, 0, 7, 65537}, Dtype::int64, {4});
  EXPECT_EQ(values_of(cast(ids, Dtype::float32)), values_of(ids));
  EXPECT_EQ(values_of(cast(ids, Dtype::bfloat16)), (std::vector<double>{-3, 0, 7, 65536}));
  EXPECT_EQ(values_of(cast(ids, Dtype::int32)), values_of(ids));
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor floats = tensor_from({-1.75, 2.99, inf, NAN}, Dtype::float16, {4});
  EXPECT_EQ(values_of(cast(floats, Dtype::int32)), (std::vector<double>{-1, 2, 2147483647, 0}));
  EXPECT_EQ(values_of(cast(tensor_from({0.1}, Dtype::float64, {1}), Dtype::float32)),
            (std::vector<double>{0.1F}));
}

TEST(Cast, ToTheSameDtypeIsACopy) {
  const Tensor x = tensor_from({1, 2}, Dtype::float32, {2});
  const Tensor y = cast(x, Dtype::float32);
  EXPECT_EQ(values_of(y), values_of(x));
  EXPECT_NE(y.raw(), x.raw());
}

}  // namespace
}  // namespace bv2::test
