// The median against sorting, and of counts by hand.
#include "base/median.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace bv2 {
namespace {

TEST(Median, IsOfValuesInAnyOrder) {
  EXPECT_EQ(median({7}), 7);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median({5, 5, -1, 5}), 5);
}

TEST(Median, OfManyIsTheOneInTheMiddleOfTheSorted) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> value;
  for (std::size_t count = 1; count <= 64; ++count) {
    std::vector<double> values(count);
    for (double& x : values) x = value(random);
    std::vector<double> sorted = values;
    std::ranges::sort(sorted);
    EXPECT_EQ(median(values), std::lerp(sorted[(count - 1) / 2], sorted[count / 2], 0.5)) << count;
  }
}

}  // namespace
}  // namespace bv2
