// The normal and Student's t distribution: published tables and closed forms.
#include "framework/student_t.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace bv2 {
namespace {

TEST(StudentT, QuantilesOfTables) {
  // Abramowitz and Stegun, table 26.10, and NIST/SEMATECH 1.3.6.7.2: 0.975 and 0.995 by degrees of freedom.
  struct Row {
    double degrees, at_975, at_995;
  };
  for (const Row row : {Row{1, 12.7062, 63.6567}, Row{2, 4.30265, 9.92484}, Row{3, 3.18245, 5.84091},
                        Row{4, 2.77645, 4.60409}, Row{5, 2.57058, 4.03214}, Row{10, 2.22814, 3.16927},
                        Row{29, 2.04523, 2.75639}, Row{30, 2.04227, 2.75000}, Row{120, 1.97993, 2.61742}}) {
    EXPECT_NEAR(student_t_quantile(0.975, row.degrees), row.at_975, 6e-5) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.995, row.degrees), row.at_995, 6e-5) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.025, row.degrees), -row.at_975, 6e-5) << row.degrees;
  }
}

TEST(StudentT, ClosedForms) {
  for (double t = -8; t <= 8; t += 0.37) {
    // One degree of freedom is the Cauchy distribution; two have an algebraic form.
    EXPECT_NEAR(student_t_cdf(t, 1), 0.5 + std::atan(t) / std::numbers::pi, 1e-14) << t;
    EXPECT_NEAR(student_t_cdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-14) << t;
    // Very many are the normal distribution, up to t^3 / 4 df.
    EXPECT_NEAR(student_t_cdf(t, 1e7), normal_cdf(t), 1e-7) << t;
  }
}

TEST(StudentT, ManyDegreesOfFreedomDoNotLosePrecision) {
  // Half-integer degrees lie between their neighbours.
  for (const double degrees : {1.5, 2.5, 7.5, 99.5}) {
    const double quantile = student_t_quantile(0.975, degrees);
    EXPECT_LT(quantile, student_t_quantile(0.975, degrees - 0.5));
    EXPECT_GT(quantile, student_t_quantile(0.975, degrees + 0.5));
    EXPECT_NEAR(student_t_cdf(quantile, degrees), 0.975, 1e-12);
  }
}

TEST(StudentT, NormalQuantilesOfTables) {
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
  EXPECT_NEAR(normal_quantile(0.8), 0.8416212335729143, 1e-12);
  EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514722, 1e-12);
  EXPECT_NEAR(normal_quantile(0.975), 1.9599639845400545, 1e-12);
  EXPECT_NEAR(normal_quantile(1e-6), -4.753424308822899, 1e-12);
}

}  // namespace
}  // namespace bv2
