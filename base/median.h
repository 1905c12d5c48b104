// The median of measured values.
#pragma once

#include <vector>

namespace bv2 {

/// The median of values in any order, between the two in the middle where their count is even. `values` is
/// not empty.
double median(std::vector<double> values);

}  // namespace bv2
