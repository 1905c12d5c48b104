// Shapes: broadcasting, reshaping, the strides of views.
#include "engine/tensor/shape.h"

#include <gtest/gtest.h>

#include "support/error_text.h"

namespace bv2::test {
namespace {

using engine::broadcast;
using engine::Dims;
using engine::reshaped;
using engine::Shape;
using engine::Strides;
using engine::view_strides;

TEST(Shape, IndicesCountFromBothEnds) {
  Dims dims{2, 3, 4};
  EXPECT_EQ(dims[0], 2);
  EXPECT_EQ(dims[-1], 4);
  EXPECT_EQ(dims.back(), 4);
  dims[-2] = 7;
  EXPECT_EQ(dims[1], 7);
  EXPECT_EQ(dims.product(), 56);
  EXPECT_EQ(Dims().product(), 1);
  EXPECT_EQ(to_string(dims), "[2, 7, 4]");
  EXPECT_EQ(to_string(Dims()), "[]");
}

TEST(Shape, KnowsItsDimensions) {
  const Shape shape{2, 3};
  for (const std::int64_t dim : {-2, -1, 0, 1}) EXPECT_TRUE(shape.has(dim));
  for (const std::int64_t dim : {-3, 2}) EXPECT_FALSE(shape.has(dim));
}

TEST(Shape, MoreThanSixDimensionsAreRefused) {
  EXPECT_EQ(error_text([] {
              Dims({1, 2, 3, 4, 5, 6, 7});
            }),
            "a tensor has 7 dimensions, at most 6 are supported");
}

TEST(Shape, ContiguousStridesAreRowMajor) {
  EXPECT_EQ(engine::contiguous_strides({2, 3, 4}), Strides({12, 4, 1}));
  EXPECT_EQ(engine::contiguous_strides({5, 1}), Strides({1, 1}));
  EXPECT_EQ(engine::contiguous_strides({}), Strides());
}

TEST(Shape, BroadcastFollowsNumpy) {
  EXPECT_EQ(broadcast({2, 3}, {3}), Shape({2, 3}));
  EXPECT_EQ(broadcast({1, 4}, {3, 1}), Shape({3, 4}));
  EXPECT_EQ(broadcast({}, {2, 1}), Shape({2, 1}));
  EXPECT_EQ(broadcast({0, 1}, {1, 5}), Shape({0, 5}));
  EXPECT_EQ(error_text([] { broadcast({2, 3}, {2}); }), "the shapes [2, 3] and [2] do not broadcast");
}

TEST(Shape, ReshapedFindsTheMissingSize) {
  EXPECT_EQ(reshaped({2, 3, 4}, {6, -1}), Shape({6, 4}));
  EXPECT_EQ(reshaped({2, 3}, {-1}), Shape({6}));
  EXPECT_EQ(reshaped({0, 3}, {-1, 3}), Shape({0, 3}));
  EXPECT_EQ(reshaped({}, {1, 1}), Shape({1, 1}));
}

TEST(Shape, ReshapedRefusesWhatHasOtherElements) {
  for (const Shape& wanted : {Shape{4, -1}, Shape{5}, Shape{-1, -1}, Shape{-2, -3}, Shape{0, -1}, Shape{}})
    EXPECT_EQ(error_text([&] {
                reshaped({2, 3}, wanted);
              }),
              "[2, 3] cannot be reshaped to " + to_string(wanted));
  EXPECT_EQ(error_text([&] { reshaped({0, 4}, {-1, 0}); }), "[0, 4] cannot be reshaped to [-1, 0]");
}

TEST(Shape, ViewStridesSplitAndJoinWhereTheLayoutAllows) {
  EXPECT_EQ(view_strides({4, 6}, {6, 1}, {2, 2, 3, 2}), Strides({12, 6, 2, 1}));
  EXPECT_EQ(view_strides({2, 3, 4}, {12, 4, 1}, {6, 4}), Strides({4, 1}));
  // A transposed view can be split in each dimension, and not joined.
  EXPECT_EQ(view_strides({6, 4}, {1, 6}, {2, 3, 4}), Strides({3, 1, 6}));
  EXPECT_EQ(view_strides({6, 4}, {1, 6}, {24}), std::nullopt);
  EXPECT_EQ(view_strides({6, 4}, {1, 6}, {4, 6}), std::nullopt);
  // Rows with gaps join with what lies around them evenly.
  EXPECT_EQ(view_strides({2, 3, 4}, {30, 10, 1}, {6, 4}), Strides({10, 1}));
  EXPECT_EQ(view_strides({2, 3, 4}, {40, 10, 1}, {6, 4}), std::nullopt);
  // Dimensions of size 1 stand anywhere; repeated ones join among themselves.
  EXPECT_EQ(view_strides({3, 1, 4}, {4, 99, 1}, {12}), Strides({1}));
  EXPECT_EQ(view_strides({3, 4}, {1, 3}, {1, 3, 1, 4, 1})->rank(), 5U);
  EXPECT_EQ(view_strides({3, 4}, {0, 0}, {12}), Strides({0}));
  EXPECT_EQ(view_strides({0, 4}, {1, 7}, {2, 0}), Strides({0, 1}));
}

}  // namespace
}  // namespace bv2::test
