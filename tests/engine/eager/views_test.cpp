// Views share memory and show the right elements.
#include <gtest/gtest.h>

#include "support/error_text.h"
#include "support/run_eager.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::Shape;
using engine::Tensor;

TEST(Views, ShareTheMemoryOfTheirInput) {
  std::mt19937_64 random(1);
  const Tensor x = random_tensor(random, Dtype::bfloat16, {2, 3, 4});
  EXPECT_EQ(run_eager(BasicOp::reshape, {x}, {.dims = {6, -1}}).shape(), Shape({6, 4}));
  const std::array views{run_eager(BasicOp::reshape, {x}, {.dims = {6, 4}}),
                         run_eager(BasicOp::transpose, {x}, {.dims = {-1, 0}}),
                         run_eager(BasicOp::slice, {x}, {.dims = {2, 0, 3}}),
                         run_eager(BasicOp::expand, {x}, {.dims = {5, 2, 3, 4}})};
  for (const Tensor& view : views) EXPECT_EQ(view.storage(), x.storage());
  EXPECT_EQ(values_of(views[1]), values_of(x.transpose(0, 2)));
  EXPECT_EQ(values_of(views[2]), values_of(x.slice(2, 0, 3)));
  EXPECT_EQ(values_of(views[3].slice(0, 4, 5)), values_of(x));
}

TEST(Views, WhatCannotBeSeenSoIsNamed) {
  const Tensor x(Dtype::float32, {2, 3, 4});
  const Tensor turned = x.transpose(0, 1);
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::reshape, {turned}, {.dims = {6, 4}});
            }),
            "reshape: [3, 2, 4] with strides [4, 12, 1] cannot be seen as [6, 4]; make it contiguous first");
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::reshape, {x}, {.dims = {5, -1}});
            }),
            "reshape: float32 [2, 3, 4]: cannot be seen as [5, -1]");
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::transpose, {x}, {.dims = {0, 3}});
            }),
            "transpose: float32 [2, 3, 4]: there is no dimension 3");
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::slice, {x}, {.dims = {1, 2, 4}});
            }),
            "slice: float32 [2, 3, 4]: [2, 4) is outside of dimension 1");
  EXPECT_EQ(error_text([&] {
              run_eager(BasicOp::expand, {x}, {.dims = {2, 6, 4}});
            }),
            "expand: float32 [2, 3, 4]: cannot be expanded to [2, 6, 4]");
}

}  // namespace
}  // namespace bv2::test
