// Where in a series of iterations the warm-up ended and the steady state began.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bv2 {

/// What a series turned out to be.
enum class Steadiness {
  too_few,         ///< fewer than 6 values: nothing can be said
  steady,          ///< from `begin` on
  still_changing,  ///< its level changed too late: what follows is too short to be called steady
  drifting,        ///< no step, but a trend through what would be the steady part
};
std::span<const std::string_view> enum_names(Steadiness steadiness);

struct SteadyState {
  Steadiness steadiness = Steadiness::too_few;
  std::optional<std::size_t> begin;       ///< place of the first steady iteration; only where it is steady
  std::vector<std::size_t> changes;       ///< places where the level changed for good, ascending
  std::optional<double> trend_percent;    ///< of the steady part's level, from its begin to its end
  std::vector<double> warm_up_seconds{};  ///< of results: what came before the series (see after_warm_up)

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("steadiness", self.steadiness);
    visit("begin", self.begin);
    visit("changes", self.changes);
    visit("trend_percent", self.trend_percent);
    visit("warm_up_seconds", self.warm_up_seconds);
  }
};

/// What counts as a change.
struct SteadyStateOptions {
  double least_change = 0.02;  ///< relative: levels nearer than this are the same
};

/// Finds it in the latencies of iterations in their order (finite, positive), warm-up included. After Barrett
/// et al. 2017, "Virtual machine warmup blows hot and cold":
///
/// 1. The series of logarithms, isolated outliers replaced by the median of the five values around them
/// (Hampel,
///    1974), is cut into segments of constant level so that the squared distances from these, plus a penalty
///    for each cut, are smallest (exact: optimal partitioning, Jackson et al., 2005). The variance is
///    estimated from differences of neighbours, which steps hardly touch; the penalty is 4 log n variances,
///    times the inflation by autocorrelation, which differences of neighbours and of next neighbours tell
///    apart from steps.
/// 2. From the end backwards, segments whose median is within `least_change`, or within one standard
/// deviation, of
///    the last one's belong to the steady part.
/// 3. Leading iterations of that part that lie more than 5 standard deviations (and `least_change`) from it
/// are
///    warm-up too: at the begin of a process a single slow iteration is one.
/// 4. What is left must be at least 3 iterations and a third of the series, else it is still_changing.
/// 5. A Mann-Kendall test (1%, its variance inflated where neighbours depend on each other) with a trend
/// (Sen's
///    slope) of more than `least_change` over the part makes it drifting.
SteadyState find_steady_state(std::span<const double> latencies, const SteadyStateOptions& options = {});

/// What was found in a series that begins with `warm_up` iterations which are not measured, in places of the
/// measured ones: 0 is the begin of what was steady before; changes during the warm-up are left out.
SteadyState after_warm_up(SteadyState whole, std::size_t warm_up);

}  // namespace bv2
