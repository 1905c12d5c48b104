// Copies between views: contiguous, copy_into, concat.
#include <gtest/gtest.h>

#include "support/error_text.h"
#include "support/run_eager.h"
#include "support/targets.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::Shape;
using engine::Tensor;

constexpr std::array dtypes{Dtype::float32, Dtype::bfloat16, Dtype::float16,
                            Dtype::int64,   Dtype::int32,    Dtype::float64};

/// 0, 1, 2 ... (in bfloat16 they repeat: neighbours differ up to 256).
Tensor counting(Dtype dtype, const Shape& shape) {
  std::vector<double> values(static_cast<std::size_t>(shape.product()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 251);
  return tensor_from(values, dtype, shape);
}

std::vector<Tensor> views_of(const Tensor& x) {  // x [5, 6, 70, 9]
  return {x,
          x.transpose(0, 1),
          x.transpose(1, 2),
          x.transpose(2, 3),
          x.transpose(0, 3),
          x.transpose(1, 3).transpose(0, 2),
          x.slice(2, 3, 68),
          x.slice(3, 2, 3),
          x.slice(3, 2, 7).transpose(2, 3),
          x.slice(1, 2, 3).expand({5, 4, 70, 9}),
          x.slice(3, 2, 3).expand({5, 6, 70, 8}),
          x.slice(1, 6, 6)};
}

TEST(Copy, ContiguousGivesTheElementsInOrder) {
  for (const Dtype dtype : dtypes) {
    for (const Tensor& view : views_of(counting(dtype, {5, 6, 70, 9}))) {
      const Tensor copy = run_eager(BasicOp::contiguous, {view});
      EXPECT_TRUE(copy.is_contiguous());
      EXPECT_EQ(copy.shape(), view.shape());
      EXPECT_EQ(values_of(copy), values_of(view)) << name(dtype) << " " << to_string(view.strides());
    }
  }
}

TEST(Copy, BytesAreCopiedToo) {
  Tensor x(Dtype::int8, {40, 50});
  for (std::int64_t i = 0; i < x.numel(); ++i) x.raw()[i] = static_cast<std::byte>(i % 251);
  const Tensor copy = run_eager(BasicOp::contiguous, {x.transpose(0, 1)});
  for (std::int64_t i = 0; i < 50; ++i)
    for (std::int64_t j = 0; j < 40; ++j) ASSERT_EQ(copy.raw()[i * 40 + j], x.raw()[j * 50 + i]);
}

TEST(Copy, CopyIntoWritesTheViewAndNothingElse) {
  for (const Dtype dtype : dtypes) {
    const Tensor source = counting(dtype, {2, 3, 4, 8});
    for (const bool transposed : {false, true}) {
      const Tensor cache = tensor_from(std::vector<double>(2 * 3 * 10 * 8, 255), dtype, {2, 3, 10, 8});
      const Tensor place = cache.slice(2, 5, 9);
      const Tensor from =
          transposed ? run_eager(BasicOp::contiguous, {source.transpose(1, 2)}).transpose(1, 2) : source;
      const Tensor result = run_eager(BasicOp::copy_into, {place, from});
      EXPECT_EQ(result.raw(), place.raw());
      EXPECT_EQ(result.strides(), place.strides());
      EXPECT_EQ(values_of(place), values_of(source));
      for (const Tensor& other : {cache.slice(2, 0, 5), cache.slice(2, 9, 10)})
        for (const double value : values_of(other)) EXPECT_EQ(value, 255);
    }
  }
}

TEST(Copy, ConcatJoinsAlongEachDimension) {
  const Tensor x = counting(Dtype::bfloat16, {3, 4, 10});
  for (const std::int64_t dim : {0, 1, 2}) {
    for (const std::int64_t cut : {0, 1, 3}) {
      const Tensor first = x.slice(dim, 0, cut);
      const Tensor rest = x.slice(dim, cut, x.size(dim));
      const Tensor joined = run_eager(BasicOp::concat, {first, rest}, {.dims = {dim}});
      EXPECT_EQ(joined.shape(), x.shape());
      EXPECT_EQ(values_of(joined), values_of(x)) << dim << " " << cut;
    }
  }
  EXPECT_EQ(values_of(run_eager(BasicOp::concat, {x}, {.dims = {1}})), values_of(x));
}

TEST(Copy, LargeCopiesAreSharedOutOverThreads) {
  const Tensor x = counting(Dtype::float32, {4, 300, 500});
  for (const int threads : {1, 2, 3}) {
    const ThreadCount some(threads);
    for (const Tensor& view : {x.transpose(0, 1), x.transpose(1, 2), x.slice(2, 1, 499)})
      EXPECT_EQ(values_of(run_eager(BasicOp::contiguous, {view})), values_of(view)) << threads;
    const Tensor flat(Dtype::float32, x.shape());
    run_eager(BasicOp::copy_into, {flat, x});
    EXPECT_EQ(values_of(flat), values_of(x)) << threads;
  }
}

TEST(Copy, WhatDoesNotFitIsNamed) {
  const Tensor x(Dtype::float32, {2, 3});
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::copy_into, {x, Tensor(Dtype::float32, {3, 2})});
            }),
            "copy_into: float32 [2, 3], float32 [3, 2]: the shapes differ");
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::concat, {x, Tensor(Dtype::float32, {2, 4})}, {.dims = {0}});
            }),
            "concat: float32 [2, 3], float32 [2, 4]: the sizes outside of dimension 0 differ");
}

}  // namespace
}  // namespace bv2::test
