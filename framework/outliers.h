// Marks values that lie far from the rest of a series. Marked values are told, never dropped.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace bv2 {

/// The median and the spread of values by median absolute deviation, times 1.4826: the standard deviation
/// where they are normal. `spread` is 0 where more than half of the values are equal.
struct RobustScale {
  double centre = 0;
  double spread = 0;
};
/// `values` are finite and not empty.
RobustScale robust_scale(std::span<const double> values);

enum class OutlierSide { low, high };
struct Outlier {
  std::size_t index = 0;
  OutlierSide side = OutlierSide::high;
  friend bool operator==(const Outlier&, const Outlier&) = default;
};

/// The outliers of a series, by their places. A value is one where its logarithm (the value itself where one
/// is not positive) lies more than 3.5 robust standard deviations from the median (Iglewicz and Hoaglin,
/// 1993), or more than the largest of n normal values does in 2%, if that is more; of n values (1 + 8 / n)
/// times that, because the spread of few is itself uncertain: series of 5 to 1,000 normal values have no mark
/// in nine of ten. Differences below 0.1% of the median are never marked: nobody should care. Fewer than 5
/// values have no outliers. Values that are not finite are passed over.
std::vector<Outlier> find_outliers(std::span<const double> series);

}  // namespace bv2
