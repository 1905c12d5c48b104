// Reductions over the last dimension against plain loops in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/error_text.h"
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
constexpr double inf = std::numeric_limits<double>::infinity();

struct RowSums {
  double sum = 0;
  double magnitudes = 0;
};

std::vector<RowSums> sums_of(const Tensor& x) {
  const std::vector<double> values = values_of(x);
  std::vector<RowSums> sums(static_cast<std::size_t>(x.numel() / x.size(-1)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    RowSums& row = sums[i / static_cast<std::size_t>(x.size(-1))];
    row.sum += values[i];
    row.magnitudes += std::abs(values[i]);
  }
  return sums;
}

void expect_sums(const Tensor& x, const std::string& context) {
  const std::vector<double> sums = values_of(run_eager(BasicOp::sum, {x}));
  const std::vector<double> means = values_of(run_eager(BasicOp::mean, {x}));
  const std::vector<RowSums> exact = sums_of(x);
  const auto width = static_cast<double>(x.size(-1));
  ASSERT_EQ(sums.size(), exact.size());
  for (std::size_t row = 0; row < exact.size(); ++row) {
    // Each of at most `width` additions rounds by half an ulp of a partial sum, which the magnitudes bound;
    // then comes one rounding to the dtype, and for the mean a division.
    const double accumulated = width * 0x1p-24 * exact[row].magnitudes;
    EXPECT_NEAR(sums[row], exact[row].sum,
                accumulated + 0.5 * spacing(exact[row].sum + accumulated, x.dtype()))
        << context;
    const double mean = exact[row].sum / width;
    const double allowed = accumulated / width + 0.5 * spacing(mean, Dtype::float32);
    EXPECT_NEAR(means[row], mean, allowed + 0.5 * spacing(std::abs(mean) + allowed, x.dtype())) << context;
  }
}

TEST(Reduce, SumAndMeanOfEverySizeStayWithinTheRoundingOfTheirAdditions) {
  std::mt19937_64 random(1);
  for (const Dtype dtype : float_dtypes) {
    for (const std::int64_t width : {1, 2, 7, 15, 16, 17, 33, 64, 65, 100, 127, 576, 2049}) {
      const Tensor x = random_tensor(random, dtype, {2, 3, width});
      for_each_target(
          [&](const std::string& target) { expect_sums(x, target + " " + to_string(x.shape())); });
    }
  }
}

TEST(Reduce, ReadsViews) {
  std::mt19937_64 random(2);
  const Tensor x = random_tensor(random, Dtype::bfloat16, {4, 6, 50});
  for (const Tensor& view : {x.slice(2, 3, 47), x.transpose(0, 1), x.transpose(1, 2), x.slice(2, 9, 10),
                             x.slice(1, 0, 1).expand({4, 6, 50}), x.slice(2, 0, 1).expand({4, 6, 50})}) {
    for_each_target([&](const std::string& target) {
      expect_sums(view, target);
      EXPECT_EQ(run_eager(BasicOp::max, {view}).shape(), Shape({view.size(0), view.size(1), 1}));
    });
  }
}

TEST(Reduce, LargestAndItsFirstPlace) {
  std::mt19937_64 random(3);
  for (const Dtype dtype : float_dtypes) {
    for (const std::int64_t width : {1, 3, 16, 17, 40, 129, 1000}) {
      const Tensor x = random_tensor(random, dtype, {5, width});
      const std::vector<double> values = values_of(x);
      for_each_target([&](const std::string& target) {
        const std::vector<double> largest = values_of(run_eager(BasicOp::max, {x}));
        const Tensor places = run_eager(BasicOp::argmax, {x});
        ASSERT_EQ(places.dtype(), Dtype::int64);
        ASSERT_EQ(places.shape(), Shape({5}));
        for (std::size_t row = 0; row < 5; ++row) {
          const auto begin = values.begin() + static_cast<std::int64_t>(row) * width;
          const auto found = std::max_element(begin, begin + width);  // the first of equals
          EXPECT_EQ(largest[row], *found) << target;
          EXPECT_EQ(places.span<std::int64_t>()[row], found - begin) << target << " " << width;
        }
      });
    }
  }
}

TEST(Reduce, TheFirstOfEqualsWins) {
  Tensor x = tensor_from(std::vector<double>(300, -2), Dtype::float32, {300});
  for (const std::int64_t place : {280, 150, 17, 0}) {
    x.span<float>()[static_cast<std::size_t>(place)] = 5;
    for_each_target([&](const std::string& target) {
      EXPECT_EQ(run_eager(BasicOp::argmax, {x}).span<std::int64_t>()[0], place) << target;
    });
  }
}

TEST(Reduce, NaNIsTheLargestWhereverItStands) {
  for (const Dtype dtype : float_dtypes) {
    for (const std::int64_t place : {0, 5, 16, 70, 99}) {
      std::vector<double> values(100);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 13);
      values[50] = inf;
      values[static_cast<std::size_t>(place)] = NAN;
      const Tensor x = tensor_from(values, dtype, {1, 100});
      for_each_target([&](const std::string& target) {
        EXPECT_TRUE(std::isnan(values_of(run_eager(BasicOp::max, {x}))[0])) << target << " " << place;
        EXPECT_EQ(run_eager(BasicOp::argmax, {x}).span<std::int64_t>()[0], place) << target;
        EXPECT_TRUE(std::isnan(values_of(run_eager(BasicOp::sum, {x}))[0])) << target;
      });
    }
  }
}

TEST(Reduce, RowsOfMinusInfinity) {
  const Tensor x = tensor_from(std::vector<double>(37, -inf), Dtype::bfloat16, {37});
  for_each_target([&](const std::string& target) {
    EXPECT_EQ(values_of(run_eager(BasicOp::max, {x}))[0], -inf) << target;
    EXPECT_EQ(run_eager(BasicOp::argmax, {x}).span<std::int64_t>()[0], 0) << target;
  });
}

TEST(Reduce, EmptyRowsAndNoRows) {
  EXPECT_EQ(values_of(run_eager(BasicOp::sum, {Tensor(Dtype::float32, {2, 0})})),
            (std::vector<double>{0, 0}));
  EXPECT_TRUE(std::isnan(values_of(run_eager(BasicOp::mean, {Tensor(Dtype::float32, {1, 0})}))[0]));
  EXPECT_EQ(run_eager(BasicOp::sum, {Tensor(Dtype::float32, {0, 3})}).shape(), Shape({0, 1}));
  EXPECT_EQ(run_eager(BasicOp::argmax, {Tensor(Dtype::float32, {0, 3})}).shape(), Shape({0}));
  EXPECT_EQ(error_text([] {
              run_eager(BasicOp::max, {Tensor(Dtype::float32, {2, 0})});
            }),
            "max: float32 [2, 0]: the largest of no values is not defined");
}

TEST(Reduce, ManyRowsAreSharedOutOverThreads) {
  std::mt19937_64 random(4);
  const Tensor x = random_tensor(random, Dtype::float32, {1001, 301});
  for (const int threads : {2, 3}) {
    const ThreadCount some(threads);
    expect_sums(x, "");
  }
}

}  // namespace
}  // namespace bv2::test
