// Distances in units of the last place.
#pragma once

#include "base/dtype.h"

namespace bv2::test {

/// The distance between neighbours of `dtype` (a floating one) around a finite number.
double spacing(double number, Dtype dtype);
/// |got - exact| in spacings of `dtype` around `exact`; 0 where both are NaN, or both beyond the largest
/// finite number; infinite where only one is.
double ulps_apart(double got, double exact, Dtype dtype);

}  // namespace bv2::test
