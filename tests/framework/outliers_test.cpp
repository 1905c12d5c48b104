// Outlier marks: what is marked, and how seldom an innocent series is.
#include "framework/outliers.h"

#include <gmock/gmock.h>

#include <limits>

#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Outliers, ScaleOfKnownValues) {
  const auto scale = robust_scale(std::vector<double>{1, 2, 3, 4, 100});
  EXPECT_EQ(scale.centre, 3);
  EXPECT_NEAR(scale.spread, 1.4826, 1e-12);  // distances 2 1 0 1 97
}

TEST(Outliers, BothSidesAreMarked) {
  EXPECT_THAT(find_outliers(std::vector{1.00, 1.01, 0.99, 5.0, 1.02, 0.98, 1.0, 0.2}),
              ElementsAre(Outlier{3, OutlierSide::high}, Outlier{7, OutlierSide::low}));
}

TEST(Outliers, AmongFewValuesTooButNotFewerThanFive) {
  EXPECT_THAT(find_outliers(std::vector{1.00, 1.01, 0.99, 1.005, 3.0}),
              ElementsAre(Outlier{4, OutlierSide::high}));
  EXPECT_THAT(find_outliers(std::vector{1.00, 1.01, 0.99, 3.0}), IsEmpty());
}

TEST(Outliers, EqualValuesHaveNoneButForRealDifferences) {
  std::vector<double> series(20, 1.0);
  EXPECT_THAT(find_outliers(series), IsEmpty());
  series[4] = 1.0005;
  EXPECT_THAT(find_outliers(series), IsEmpty());
  series[4] = 1.01;
  EXPECT_THAT(find_outliers(series), ElementsAre(Outlier{4, OutlierSide::high}));
}

TEST(Outliers, PlacesAreThoseOfTheWholeSeries) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(find_outliers(std::vector{nan, 1.0, 1.01, 0.99, 1.0, nan, 9.0}),
              ElementsAre(Outlier{6, OutlierSide::high}));
}

TEST(Outliers, ValuesThatAreNotPositiveAreComparedThemselves) {
  EXPECT_THAT(find_outliers(std::vector{-1.0, 0.0, 1.0, 0.5, -0.5, 100.0}),
              ElementsAre(Outlier{5, OutlierSide::high}));
}

TEST(Outliers, NormalSeriesSeldomHaveAny) {
  Random random(1);
  for (const std::size_t count : {5U, 8U, 20U, 100U, 1000U}) {
    int marked = 0;
    constexpr int trials = 1000;
    for (int trial = 0; trial < trials; ++trial) {
      marked += !find_outliers(test::normal_series(count, random)).empty();
    }
    EXPECT_LT(marked, trials / 10) << count << " values";
  }
}

}  // namespace
}  // namespace bv2
