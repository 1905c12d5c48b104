// Element-wise operations of two inputs against plain loops in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/error_text.h"
#include "support/reference_executor.h"
#include "support/run_eager.h"
#include "support/targets.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::Shape;
using engine::Tensor;

constexpr std::array operations{BasicOp::add, BasicOp::sub, BasicOp::mul, BasicOp::div, BasicOp::maximum};
constexpr std::array float_dtypes{Dtype::float32, Dtype::bfloat16, Dtype::float16};

/// A float32 operation on float32, bfloat16 or float16 numbers is exact or rounded once in double, so that
/// the reference's rounding from double through float32 gives the same bits.
void expect_exact(BasicOp op, const Tensor& a, const Tensor& b, const std::string& context) {
  const std::array inputs{a, b};
  const Tensor got = run_eager(op, {a, b});
  const Tensor expected = ReferenceExecutor().execute({op, inputs, {}});
  EXPECT_EQ(got.shape(), expected.shape());
  EXPECT_TRUE(got.is_contiguous());
  EXPECT_EQ(got.dtype(), a.dtype());
  EXPECT_EQ(values_of(got), values_of(expected))
      << engine::name(op) << " " << name(a.dtype()) << " " << to_string(a.shape()) << " "
      << to_string(b.shape()) << " " << context;
}

TEST(Binary, EqualsTheDefinitionForEveryShapeThatBroadcasts) {
  const std::array<std::array<Shape, 2>, 13> shapes{{{{{3, 70}, {3, 70}}},
                                                     {{{2, 3, 64}, {64}}},
                                                     {{{2, 3, 33}, {2, 3, 1}}},
                                                     {{{2, 3, 1}, {2, 3, 33}}},
                                                     {{{2, 1, 5}, {1, 4, 1}}},
                                                     {{{1}, {7, 17}}},
                                                     {{{}, {19}}},
                                                     {{{}, {}}},
                                                     {{{2, 3, 2, 5, 7}, {1, 1, 1, 5, 7}}},
                                                     {{{2, 1, 2, 5, 16}, {1, 3, 1, 1, 16}}},
                                                     {{{0, 4}, {4}}},
                                                     {{{3, 0}, {3, 1}}},
                                                     {{{1, 1, 576}, {576}}}}};
  std::mt19937_64 random(1);
  for (const Dtype dtype : float_dtypes) {
    for (const auto& [shape_a, shape_b] : shapes) {
      const Tensor a = random_tensor(random, dtype, shape_a);
      const Tensor b = random_tensor(random, dtype, shape_b);
      for_each_target([&](const std::string& target) {
        for (const BasicOp op : operations) expect_exact(op, a, b, target);
      });
    }
  }
}

TEST(Binary, ReadsViewsOfAnyStrides) {
  std::mt19937_64 random(2);
  for (const Dtype dtype : float_dtypes) {
    const Tensor x = random_tensor(random, dtype, {4, 5, 40});
    const Tensor y = random_tensor(random, dtype, {5, 4, 40});
    const Tensor square = random_tensor(random, dtype, {3, 21, 21});
    for_each_target([&](const std::string& target) {
      expect_exact(BasicOp::sub, x, y.transpose(0, 1), target);
      expect_exact(BasicOp::sub, x.slice(2, 0, 20), x.slice(2, 20, 40), target);
      expect_exact(BasicOp::sub, square, square.transpose(1, 2), target);
      expect_exact(BasicOp::sub, square.transpose(0, 2), square.transpose(0, 1).transpose(1, 2), target);
      expect_exact(BasicOp::sub, x.slice(2, 4, 5), y.slice(0, 1, 2).slice(1, 0, 1), target);
      expect_exact(BasicOp::sub, x.slice(1, 2, 3).expand({4, 5, 40}), x, target);
    });
  }
}

TEST(Binary, RunsOnThreadsFromAnyElementOn) {
  std::mt19937_64 random(3);
  const Tensor a = random_tensor(random, Dtype::float32, {313, 577});
  const Tensor row = random_tensor(random, Dtype::float32, {577});
  const Tensor column = random_tensor(random, Dtype::float32, {313, 1});
  for (const int threads : {1, 2, 3, 5}) {
    const ThreadCount some(threads);
    expect_exact(BasicOp::mul, a, a, "");
    expect_exact(BasicOp::mul, a, row, "");
    expect_exact(BasicOp::mul, a, column, "");
  }
}

TEST(Binary, NaNAndInfinityFollowIeeeAndMaximumKeepsNaN) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const Dtype dtype : float_dtypes) {
    for_each_target([&](const std::string& target) {
      for (const std::int64_t repeats : {1, 40}) {  // a tail, and whole vectors
        const Tensor a = tensor_from({nan, 1, -inf, inf, inf}, dtype, {5, 1}).expand({5, repeats});
        const Tensor b = tensor_from({1, nan, 2, -inf, inf}, dtype, {5, 1}).expand({5, repeats});
        const std::vector<double> largest =
            values_of(run_eager(BasicOp::maximum, {a, b}).slice(1, repeats - 1, repeats));
        EXPECT_TRUE(std::isnan(largest[0])) << target;
        EXPECT_TRUE(std::isnan(largest[1])) << target;
        EXPECT_EQ(largest[2], 2) << target;
        EXPECT_EQ(largest[3], inf) << target;
        const std::vector<double> sums = values_of(run_eager(BasicOp::add, {a, b}).slice(1, 0, 1));
        EXPECT_TRUE(std::isnan(sums[0]) && std::isnan(sums[1]) && std::isnan(sums[3])) << target;
        EXPECT_EQ(sums[2], -inf) << target;
        EXPECT_EQ(sums[4], inf) << target;
      }
    });
  }
}

TEST(Binary, SumsBeyondTheLargestNumberBecomeInfinite) {
  const Tensor half = tensor_from({65504, 65504}, Dtype::float16, {2});
  const Tensor small = tensor_from({15, 16}, Dtype::float16, {2});
  for_each_target([&](const std::string& target) {
    EXPECT_EQ(values_of(run_eager(BasicOp::add, {half, small})),
              (std::vector<double>{65504, std::numeric_limits<double>::infinity()}))
        << target;
  });
}

TEST(Binary, InputsThatDoNotFitAreNamed) {
  const Tensor a(Dtype::float32, {2, 3});
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::mul, {a, Tensor(Dtype::float32, {4})});
            }),
            "mul: float32 [2, 3], float32 [4]: the shapes do not broadcast");
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::mul, {a, Tensor(Dtype::bfloat16, {3})});
            }),
            "mul: float32 [2, 3], bfloat16 [3]: the dtypes differ");
}

}  // namespace
}  // namespace bv2::test
