// The median of measured values.
#include "base/median.h"

#include <algorithm>
#include <cmath>

namespace bv2 {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return std::lerp(*std::max_element(values.begin(), middle), *middle, 0.5);
}

}  // namespace bv2
