// Numbers as a page needs them.
#pragma once

#include <optional>

#include "framework/percentile.h"

namespace bv2 {

/// To 5 significant digits.
double rounded(double value);
std::optional<double> rounded(const std::optional<double>& value);
std::optional<Interval> rounded(const std::optional<Interval>& interval);

}  // namespace bv2
