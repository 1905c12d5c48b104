// The order in which scenarios take their turns.
#include "framework/schedule.h"

#include <gtest/gtest.h>

#include <array>

namespace bv2 {
namespace {

TEST(Schedule, IsTheSameForTheSameSeed) {
  EXPECT_EQ(place_in_round(7, 3, 1), place_in_round(7, 3, 1));
  EXPECT_NE(place_in_round(7, 3, 1), place_in_round(8, 3, 1));
}

TEST(Schedule, EveryOrderIsAboutEquallyFrequent) {
  constexpr int rounds = 6000;
  std::array<int, 8> counts{};  // by who comes before whom
  for (std::int64_t round = 0; round < rounds; ++round) {
    const auto place = [&](std::int64_t scenario) { return place_in_round(42, round, scenario); };
    const int order =
        (place(0) < place(1) ? 1 : 0) + (place(1) < place(2) ? 2 : 0) + (place(0) < place(2) ? 4 : 0);
    ++counts[static_cast<std::size_t>(order)];
  }
  EXPECT_EQ(counts[3], 0) << "0 before 1 before 2 before 0";
  EXPECT_EQ(counts[4], 0);
  for (const std::size_t order : {0U, 1U, 2U, 5U, 6U, 7U}) {
    EXPECT_NEAR(counts[order], rounds / 6, 5 * 29) << "five standard deviations of a binomial count";
  }
}

}  // namespace
}  // namespace bv2
