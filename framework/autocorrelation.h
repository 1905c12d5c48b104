// How far the values of a series depend on those before them, and what that does to their number.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace bv2 {

struct Autocorrelation {
  std::optional<double> lag1;    ///< of neighbours; missing for fewer than 10 values
  bool significant = false;      ///< unlikely (5%) to be chance
  std::size_t block_length = 1;  ///< of blocks that are nearly independent of each other: for resampling
  double variance_inflation =
      1;  ///< how much larger the variance of a mean is than that of independent values

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("lag1", self.lag1);
    visit("significant", self.significant);
    visit("block_length", self.block_length);
    visit("variance_inflation", self.variance_inflation);
  }
};

/// Of a series in its order. Ranks are correlated rather than values, so that a single outlier neither hides
/// nor feigns dependence; the estimate is corrected for its bias in short series (Marriott and Pope, 1954,
/// Kendall, 1954: -(1 + 3 rho) / n). What follows from it holds for a first-order autoregression with that
/// correlation. It is taken into account from 0.7 of its standard error on, far below significance: else the
/// intervals of weakly dependent series would be too narrow. The block length is three times the one that is
/// optimal for the variance of a mean (Kuensch, 1989; Politis and White, 2004), which is too short for
/// intervals; at most a third of the series.
Autocorrelation autocorrelation_of(std::span<const double> series);

}  // namespace bv2
