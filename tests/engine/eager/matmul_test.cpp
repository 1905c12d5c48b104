// Matrix products against plain loops in double precision, on every way to compute them.
#include <gtest/gtest.h>

#include <cmath>

#include "support/error_text.h"
#include "support/run_eager.h"
#include "support/targets.h"
#include "support/ulp.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::EagerExecutor;
using engine::Shape;
using engine::Tensor;

constexpr std::array float_dtypes{Dtype::float32, Dtype::bfloat16, Dtype::float16};

Tensor multiply(EagerExecutor& executor, const Tensor& a, const Tensor& b) {
  const std::array inputs{a, b};
  return executor.execute({BasicOp::matmul, inputs, {}});
}

Shape with_matrix(const Shape& batch, std::int64_t rows, std::int64_t columns) {
  std::vector<std::int64_t> sizes(batch.begin(), batch.end());
  sizes.push_back(rows);
  sizes.push_back(columns);
  return Shape(sizes);
}

Shape leading(const Shape& shape) { return Shape(std::span(shape.begin(), shape.rank() - 2)); }

/// Each of k products and additions rounds by half an ulp (2^-24) of a partial sum at most, which the sum of
/// magnitudes bounds; the result is rounded once more to its dtype.
void expect_product(const Tensor& got, const Tensor& a, const Tensor& b, const std::string& context) {
  const Shape batch = broadcast(leading(a.shape()), leading(b.shape()));
  const std::int64_t m = a.size(-2);
  const std::int64_t k = a.size(-1);
  const std::int64_t n = b.size(-1);
  ASSERT_EQ(got.shape(), with_matrix(batch, m, n)) << context;
  ASSERT_EQ(got.dtype(), a.dtype());
  const std::vector<double> left = values_of(a.expand(with_matrix(batch, m, k)));
  const std::vector<double> right = values_of(b.expand(with_matrix(batch, k, n)));
  const std::vector<double> result = values_of(got);
  std::size_t at = 0;
  for (std::int64_t i = 0; i < batch.product(); ++i) {
    for (std::int64_t row = 0; row < m; ++row) {
      for (std::int64_t column = 0; column < n; ++column, ++at) {
        double sum = 0;
        double magnitudes = 0;
        for (std::int64_t l = 0; l < k; ++l) {
          const double product = left[static_cast<std::size_t>((i * m + row) * k + l)] *
                                 right[static_cast<std::size_t>((i * k + l) * n + column)];
          sum += product;
          magnitudes += std::abs(product);
        }
        const double accumulated = static_cast<double>(2 * k) * 0x1p-24 * magnitudes;
        const double allowed = accumulated + 0.5 * spacing(std::abs(sum) + accumulated, a.dtype());
        ASSERT_NEAR(result[at], sum, allowed)
            << context << " " << to_string(a.shape()) << " " << to_string(b.shape()) << " element " << at;
      }
    }
  }
}

/// The same values with their last two dimensions stored the other way round.
Tensor stored_transposed(const Tensor& x) {
  return run_eager(BasicOp::contiguous, {x.transpose(-1, -2)}).transpose(-1, -2);
}

TEST(Matmul, AWeightAsItIsStoredOrTransposedForAnyNumberOfRows) {
  std::mt19937_64 random(1);
  for (const Dtype dtype : float_dtypes) {
    for (const auto& [k, n] : {std::pair{1, 1}, {64, 48}, {37, 75}, {200, 3}, {16, 130}}) {
      const Tensor b = random_tensor(random, dtype, {k, n});
      for (const std::int64_t m : {1, 2, 3, 4, 5, 8, 9, 17, 40}) {
        const Tensor a = random_tensor(random, dtype, {m, k});
        for_each_target([&](const std::string& target) {
          EagerExecutor executor;
          expect_product(multiply(executor, a, b), a, b, target);
          expect_product(multiply(executor, a, stored_transposed(b)), a, b, target + " transposed b");
          expect_product(multiply(executor, stored_transposed(a), b), a, b, target + " transposed a");
        });
      }
    }
  }
}

TEST(Matmul, LeadingDimensionsOfInputsAreRowsOfAWeight) {
  std::mt19937_64 random(2);
  for (const Dtype dtype : float_dtypes) {
    const Tensor x = random_tensor(random, dtype, {3, 10, 32});
    const Tensor weight = random_tensor(random, dtype, {20, 32}).transpose(0, 1);
    EagerExecutor executor;
    for (const Tensor& a : {x, x.slice(1, 9, 10), x.slice(1, 2, 5), x.transpose(0, 1), x.slice(0, 1, 2)})
      expect_product(multiply(executor, a, weight), a, weight, to_string(a.strides()));
    const Tensor a = x.slice(2, 0, 16);  // rows with gaps
    expect_product(multiply(executor, a, weight.slice(0, 5, 21)), a, weight.slice(0, 5, 21), "gaps");
  }
}

TEST(Matmul, AttentionOverACacheWithCapacity) {
  std::mt19937_64 random(3);
  for (const Dtype dtype : float_dtypes) {
    for (const std::int64_t rows : {1, 3, 4, 6, 16, 21}) {
      for (const std::int64_t keys : {1, 15, 64, 131}) {
        const Tensor q = random_tensor(random, dtype, {2, 3, rows, 24});
        const Tensor cache = in_larger_cache(random_tensor(random, dtype, {2, 3, keys, 24}), 7);
        for_each_target([&](const std::string& target) {
          EagerExecutor executor;
          const Tensor scores = multiply(executor, q, cache.transpose(2, 3));
          expect_product(scores, q, cache.transpose(2, 3), target);
          expect_product(multiply(executor, scores, cache), scores, cache, target);
        });
      }
    }
  }
}

TEST(Matmul, BatchesBroadcast) {
  std::mt19937_64 random(4);
  const std::array<std::array<Shape, 2>, 7> batches{{{{{2, 3}, {2, 3}}},
                                                     {{{2, 3}, {3}}},
                                                     {{{3}, {2, 3}}},
                                                     {{{2, 1}, {1, 3}}},
                                                     {{{}, {2, 3}}},
                                                     {{{2, 3, 2}, {2, 1, 2}}},
                                                     {{{1, 1}, {4, 1}}}}};
  for (const Dtype dtype : float_dtypes) {
    for (const auto& [batch_a, batch_b] : batches) {
      for (const std::int64_t m : {2, 12}) {
        const Tensor a = random_tensor(random, dtype, with_matrix(batch_a, m, 18));
        const Tensor b = random_tensor(random, dtype, with_matrix(batch_b, 18, 7));
        EagerExecutor executor;
        expect_product(multiply(executor, a, b), a, b, "");
        const Tensor turned = stored_transposed(b);
        expect_product(multiply(executor, a, turned), a, turned, "transposed");
      }
    }
  }
}

TEST(Matmul, ViewsWithoutAUnitStride) {
  std::mt19937_64 random(5);
  for (const Dtype dtype : float_dtypes) {
    const Tensor a = random_tensor(random, dtype, {6, 20, 5}).transpose(0, 1).transpose(1, 2);  // [20, 5, 6]
    const Tensor b = random_tensor(random, dtype, {20, 8, 6}).transpose(1, 2);
    EagerExecutor executor;
    expect_product(multiply(executor, a, b), a, b, "");
    const Tensor wide = random_tensor(random, dtype, {30, 40});
    const Tensor third = wide.transpose(0, 1).slice(0, 0, 20);
    expect_product(multiply(executor, wide.slice(1, 3, 23), third.slice(1, 1, 2)), wide.slice(1, 3, 23),
                   third.slice(1, 1, 2), "a column");
    expect_product(multiply(executor, wide.slice(1, 3, 4).expand({30, 20}), third),
                   wide.slice(1, 3, 4).expand({30, 20}), third, "expanded");
  }
}

TEST(Matmul, PanelsJoinWithoutASeam) {
  // b in float32 is larger than what is converted at a time (1 MiB).
  std::mt19937_64 random(6);
  const Tensor a = random_tensor(random, Dtype::float16, {9, 600});
  const Tensor b = random_tensor(random, Dtype::float16, {600, 1000});
  EagerExecutor executor;
  expect_product(multiply(executor, a, b), a, b, "");
  expect_product(multiply(executor, a, stored_transposed(b)), a, b, "");
}

TEST(Matmul, ThreadsGiveTheSameNumbers) {
  std::mt19937_64 random(7);
  for (const Dtype dtype : float_dtypes) {
    const Tensor a = random_tensor(random, dtype, {3, 300});
    const Tensor b = random_tensor(random, dtype, {300, 900});
    std::vector<double> alone;
    {
      const ThreadCount one(1);
      alone = values_of(run_eager(BasicOp::matmul, {a, b}));
    }
    for (const int threads : {2, 3}) {
      const ThreadCount some(threads);
      EXPECT_EQ(values_of(run_eager(BasicOp::matmul, {a, b})), alone);
    }
  }
}

TEST(Matmul, EmptyDimensions) {
  for (const Dtype dtype : float_dtypes) {
    EXPECT_EQ(run_eager(BasicOp::matmul, {Tensor(dtype, {0, 5}), Tensor(dtype, {5, 3})}).shape(),
              Shape({0, 3}));
    EXPECT_EQ(run_eager(BasicOp::matmul, {Tensor(dtype, {2, 0, 5}), Tensor(dtype, {5, 3})}).shape(),
              Shape({2, 0, 3}));
    EXPECT_EQ(run_eager(BasicOp::matmul, {Tensor(dtype, {4, 5}), Tensor(dtype, {5, 0})}).shape(),
              Shape({4, 0}));
    const Tensor zeros = run_eager(BasicOp::matmul, {Tensor(dtype, {2, 4, 0}), Tensor(dtype, {0, 3})});
    EXPECT_EQ(values_of(zeros), std::vector<double>(24, 0));
  }
}

TEST(Matmul, NaNReachesItsRowAndColumnAlone) {
  std::mt19937_64 random(8);
  for (const Dtype dtype : float_dtypes) {
    for (const std::int64_t m : {3, 12}) {
      std::vector<double> values = values_of(random_tensor(random, dtype, {m, 19}));
      values[19 + 4] = NAN;  // row 1
      const Tensor a = tensor_from(values, dtype, {m, 19});
      const Tensor b = random_tensor(random, dtype, {19, 21});
      for (const Tensor& layout : {b, stored_transposed(b)}) {
        const std::vector<double> result = values_of(run_eager(BasicOp::matmul, {a, layout}));
        for (std::size_t i = 0; i < result.size(); ++i) EXPECT_EQ(std::isnan(result[i]), i / 21 == 1);
      }
    }
  }
}

TEST(Matmul, ShapesThatDoNotFitAreNamed) {
  EXPECT_EQ(error_text([] {
              run_eager(BasicOp::matmul, {Tensor(Dtype::float32, {2, 3}), Tensor(Dtype::float32, {4, 5})});
            }),
            "matmul: float32 [2, 3], float32 [4, 5]: the inner sizes 3 and 4 differ");
  EXPECT_EQ(error_text([] {
              run_eager(BasicOp::matmul, {Tensor(Dtype::float32, {3}), Tensor(Dtype::float32, {3, 5})});
            }),
            "matmul: float32 [3], float32 [3, 5]: both inputs need rows and columns");
  EXPECT_EQ(
      error_text([] {
        run_eager(BasicOp::matmul, {Tensor(Dtype::float32, {2, 2, 3}), Tensor(Dtype::float32, {3, 3, 5})});
      }),
      "matmul: float32 [2, 2, 3], float32 [3, 3, 5]: the leading dimensions do not broadcast");
}

}  // namespace
}  // namespace bv2::test
