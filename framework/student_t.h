// The normal and Student's t distribution: probabilities and quantiles.
#pragma once

namespace bv2 {

double normal_cdf(double x);
/// The x that a standard normal value stays below with `probability` (0 to 1, both excluded).
double normal_quantile(double probability);

/// `degrees_of_freedom` > 0, whole or not.
double student_t_cdf(double t, double degrees_of_freedom);
double student_t_quantile(double probability, double degrees_of_freedom);

}  // namespace bv2
