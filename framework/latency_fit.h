// What a new token costs as the context grows: a robust line through the latencies of the tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/bootstrap.h"

namespace bv2 {

/// latency = intercept + slope * context, in seconds and tokens. The intercept is what every token costs, at
/// a context of 0, which is extrapolated; the slope what each token of context adds.
struct LatencyFit {
  std::optional<double> intercept_seconds;
  std::optional<Interval> intercept_ci95;
  std::optional<double> slope_seconds_per_token;
  std::optional<Interval> slope_ci95;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("intercept_seconds", self.intercept_seconds);
    visit("intercept_ci95", self.intercept_ci95);
    visit("slope_seconds_per_token", self.slope_seconds_per_token);
    visit("slope_ci95", self.slope_ci95);
  }

  /// Where there is a fit.
  [[nodiscard]] double at(double context) const {
    return *intercept_seconds + *slope_seconds_per_token * context;
  }
};

/// `iterations` are the latencies of each iteration's tokens, the first at a context of `first_context`
/// tokens, each later one at a token more. Each iteration is fitted by itself (Theil, 1950, Sen, 1968: the
/// median of the slopes between all pairs, of at most 100 bins' medians; then the median of what is left), so
/// that stalls do not bend the line; the fit is the median over iterations, and its intervals are
/// median_interval of them: tokens of one iteration are not independent. Empty where an iteration has fewer
/// than 8 tokens.
LatencyFit fit_latency(std::span<const IterationValues> iterations, std::int64_t first_context);

}  // namespace bv2
