// Tensors and their views.
#include "engine/tensor/tensor.h"

#include <gtest/gtest.h>

#include <numeric>

#include "support/error_text.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::Shape;
using engine::Strides;
using engine::Tensor;

Tensor counting(const Shape& shape) {
  Tensor x(Dtype::float32, shape);
  std::iota(x.span<float>().begin(), x.span<float>().end(), 0.F);
  return x;
}

TEST(Tensor, ANewOneIsRowMajor) {
  const Tensor x(Dtype::bfloat16, {2, 3});
  EXPECT_TRUE(x.defined());
  EXPECT_TRUE(x.is_contiguous());
  EXPECT_EQ(x.strides(), Strides({3, 1}));
  EXPECT_EQ(x.size_bytes(), 12U);
  EXPECT_EQ(x.offset(), 0);
  EXPECT_FALSE(Tensor().defined());
}

TEST(Tensor, CopiesShareTheData) {
  const Tensor x = counting({2, 2});
  const Tensor y = x;
  y.span<float>()[3] = 9;
  EXPECT_EQ(x.span<float>()[3], 9);
}

TEST(Tensor, ReadingItAsAnotherDtypeIsRefused) {
  const Tensor x = counting({2});
  EXPECT_EQ(error_text([&] { static_cast<void>(x.data<BFloat16>()); }),
            "a float32 tensor was read as bfloat16");
  EXPECT_EQ(error_text([&] {
              static_cast<void>(counting({2, 2}).transpose(0, 1).span<float>());
            }),
            "a strided tensor [2, 2] was read as contiguous");
}

TEST(Tensor, ViewsShowTheElementsInTheirOrder) {
  const Tensor x = counting({2, 3, 4});
  EXPECT_EQ(values_of(x.slice(1, 1, 2)), (std::vector<double>{4, 5, 6, 7, 16, 17, 18, 19}));
  EXPECT_EQ(values_of(x.slice(-1, 3, 4).transpose(0, 1).slice(2, 0, 1)),
            (std::vector<double>{3, 15, 7, 19, 11, 23}));
  EXPECT_EQ(values_of(x.slice(0, 1, 2).reshape({2, 6}).slice(0, 1, 2)),
            (std::vector<double>{18, 19, 20, 21, 22, 23}));
  EXPECT_EQ(values_of(counting({3, 1}).expand({2, 3, 2})),
            (std::vector<double>{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}));
}

TEST(Tensor, ContiguityLooksAtElementsAndNotAtStridesOfOne) {
  const Tensor x = counting({4, 6});
  EXPECT_FALSE(x.transpose(0, 1).is_contiguous());
  EXPECT_FALSE(x.slice(1, 0, 3).is_contiguous());
  EXPECT_TRUE(x.slice(0, 1, 3).is_contiguous());
  EXPECT_TRUE(x.slice(0, 1, 2).transpose(0, 1).is_contiguous());
  EXPECT_TRUE(x.slice(1, 2, 2).is_contiguous());  // no elements
}

TEST(Tensor, ReshapeSeesWhatTheLayoutAllows) {
  const Tensor x = counting({2, 3, 8});
  const Tensor heads =
      x.transpose(0, 1).reshape({3, 2, 2, 4});  // splits the last dimension of a strided view
  EXPECT_EQ(values_of(heads), values_of(x.transpose(0, 1)));
  EXPECT_EQ(error_text([&] {
              static_cast<void>(x.transpose(0, 1).reshape({6, 8}));
            }),
            "a strided tensor [3, 2, 8] cannot be reshaped to [6, 8]");
}

TEST(Tensor, ViewsThatDoNotFitAreNamed) {
  const Tensor x = counting({2, 3});
  EXPECT_EQ(error_text([&] { static_cast<void>(x.slice(1, 1, 4)); }),
            "the slice [1, 4) of dimension 1 is outside [2, 3]");
  EXPECT_EQ(error_text([&] { static_cast<void>(x.slice(2, 0, 1)); }),
            "the slice [0, 1) of dimension 2 is outside [2, 3]");
  EXPECT_EQ(error_text([&] { static_cast<void>(x.slice(1, 2, 1)); }),
            "the slice [2, 1) of dimension 1 is outside [2, 3]");
  EXPECT_EQ(error_text([&] { static_cast<void>(x.transpose(0, 2)); }),
            "dimensions 0 and 2 are not both in [2, 3]");
  EXPECT_EQ(error_text([&] { static_cast<void>(x.expand({4, 3})); }), "[2, 3] cannot be expanded to [4, 3]");
  EXPECT_EQ(error_text([&] { static_cast<void>(x.expand({3})); }), "[2, 3] cannot be expanded to [3]");
}

TEST(Tensor, ValuesHaveToFillTheirShape) {
  const std::vector<float> values{1, 2, 3};
  EXPECT_EQ(values_of(engine::tensor_of<float>(values, {3, 1})), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(error_text([&] {
              engine::tensor_of<float>(values, {2, 2});
            }),
            "3 values do not fill the shape [2, 2]");
}

}  // namespace
}  // namespace bv2::test
