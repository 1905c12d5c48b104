// The table of basic operations: names and result types.
#include "engine/ops/basic_op.h"

#include <gtest/gtest.h>

#include <set>

#include "support/error_text.h"

namespace bv2::test {
namespace {

using engine::Attributes;
using engine::BasicOp;
using engine::result_type;
using engine::Shape;
using engine::Tensor;
using engine::TensorType;

TensorType type_of(BasicOp op, std::initializer_list<Tensor> inputs, const Attributes& attributes = {}) {
  return result_type({op, {inputs.begin(), inputs.size()}, attributes});
}

std::string refusal(BasicOp op, std::initializer_list<Tensor> inputs, const Attributes& attributes = {}) {
  return error_text([&] { type_of(op, inputs, attributes); });
}

Tensor floats(const Shape& shape) { return {Dtype::float32, shape}; }
Tensor brains(const Shape& shape) { return {Dtype::bfloat16, shape}; }
Tensor integers(const Shape& shape) { return {Dtype::int64, shape}; }

TEST(BasicOp, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < engine::basic_op_count; ++i)
    names.insert(engine::name(static_cast<BasicOp>(i)));
  EXPECT_EQ(names.size(), engine::basic_op_count);
  EXPECT_EQ(engine::name(BasicOp::mul_scalar), "mul_scalar");
  EXPECT_EQ(engine::name(BasicOp::expand), "expand");
}

TEST(BasicOp, ResultTypes) {
  const auto expect = [](const TensorType& got, Dtype dtype, const Shape& shape) {
    EXPECT_EQ(got, (TensorType{dtype, shape})) << name(got.dtype) << " " << to_string(got.shape);
  };
  expect(type_of(BasicOp::silu, {brains({2, 3})}), Dtype::bfloat16, {2, 3});
  expect(type_of(BasicOp::mul_scalar, {floats({})}), Dtype::float32, {});
  expect(type_of(BasicOp::cast, {integers({4})}, {.dtype = Dtype::bfloat16}), Dtype::bfloat16, {4});
  expect(type_of(BasicOp::add, {floats({2, 1, 4}), floats({3, 1})}), Dtype::float32, {2, 3, 4});
  expect(type_of(BasicOp::mean, {brains({2, 7})}), Dtype::bfloat16, {2, 1});
  expect(type_of(BasicOp::argmax, {brains({2, 5, 7})}), Dtype::int64, {2, 5});
  expect(type_of(BasicOp::matmul, {floats({2, 1, 4, 5}), floats({3, 5, 6})}), Dtype::float32, {2, 3, 4, 6});
  expect(type_of(BasicOp::matmul, {floats({4, 5}), floats({3, 5, 6})}), Dtype::float32, {3, 4, 6});
  expect(type_of(BasicOp::take_rows, {brains({9, 4}), integers({2, 3})}), Dtype::bfloat16, {2, 3, 4});
  expect(type_of(BasicOp::concat, {integers({2, 3}), integers({2, 4})}, {.dims = {1}}), Dtype::int64, {2, 7});
  expect(type_of(BasicOp::copy_into, {floats({2}), floats({2})}), Dtype::float32, {2});
  expect(type_of(BasicOp::attention_mask, {Tensor()}, {.dtype = Dtype::float16, .dims = {2, 5, 1, 0}}),
         Dtype::float16, {1, 1, 2, 5});
  expect(type_of(BasicOp::attention_mask, {integers({3})}, {.dims = {2, 5, 0, 4}}), Dtype::float32,
         {3, 1, 2, 5});
  expect(type_of(BasicOp::reshape, {floats({2, 6})}, {.dims = {3, -1}}), Dtype::float32, {3, 4});
  expect(type_of(BasicOp::transpose, {floats({2, 6})}, {.dims = {-1, 0}}), Dtype::float32, {6, 2});
  expect(type_of(BasicOp::slice, {floats({2, 6})}, {.dims = {1, 2, 5}}), Dtype::float32, {2, 3});
  expect(type_of(BasicOp::expand, {floats({2, 1})}, {.dims = {3, 2, 6}}), Dtype::float32, {3, 2, 6});
}

TEST(BasicOp, WhatDoesNotFitIsNamedWithItsShapes) {
  EXPECT_EQ(refusal(BasicOp::add, {floats({2})}), "add: 1 inputs were given");
  EXPECT_EQ(refusal(BasicOp::concat, {}, {.dims = {0}}), "concat: 0 inputs were given");
  EXPECT_EQ(refusal(BasicOp::exp, {Tensor()}), "exp: an undefined tensor: every input has to be defined");
  EXPECT_EQ(refusal(BasicOp::exp, {integers({2})}), "exp: int64 [2]: float32, bfloat16 or float16 is needed");
  EXPECT_EQ(refusal(BasicOp::cast, {floats({2})}, {.dtype = Dtype::int8}),
            "cast: float32 [2]: int8 cannot be cast from or to");
  EXPECT_EQ(refusal(BasicOp::sum, {floats({})}), "sum: float32 []: there is no last dimension");
  EXPECT_EQ(refusal(BasicOp::argmax, {floats({2, 0})}),
            "argmax: float32 [2, 0]: the largest of no values is not defined");
  EXPECT_EQ(refusal(BasicOp::matmul, {floats({2, 3}), brains({3, 2})}),
            "matmul: float32 [2, 3], bfloat16 [3, 2]: the dtypes differ");
  EXPECT_EQ(refusal(BasicOp::take_rows, {floats({2, 3}), floats({1})}),
            "take_rows: float32 [2, 3], float32 [1]: the ids have to be int64");
  EXPECT_EQ(refusal(BasicOp::take_rows, {floats({2}), integers({1})}),
            "take_rows: float32 [2], int64 [1]: the table needs two dimensions");
  EXPECT_EQ(refusal(BasicOp::concat, {floats({2})}, {.dims = {1}}),
            "concat: float32 [2]: there is no dimension 1");
  EXPECT_EQ(refusal(BasicOp::concat, {floats({2}), floats({2, 1})}, {.dims = {0}}),
            "concat: float32 [2], float32 [2, 1]: the sizes outside of dimension 0 differ");
  EXPECT_EQ(refusal(BasicOp::slice, {floats({2})}, {.dims = {0, 1}}),
            "slice: float32 [2]: 3 numbers are needed in dims, found [0, 1]");
  EXPECT_EQ(refusal(BasicOp::attention_mask, {floats({2})}, {.dims = {1, 1, 1, 0}}),
            "attention_mask: float32 [2]: padding has to be int64 with one dimension");
}

}  // namespace
}  // namespace bv2::test
