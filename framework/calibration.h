// The tool measured by itself: how often it finds differences that are not there, how right its times are,
// and what its monitors cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "framework/verdict.h"

namespace bv2 {

/// Two identical things compared again and again.
struct FalseVerdicts {
  std::size_t comparisons = 0;
  std::size_t iterations = 0;  ///< of each of the two, taken in turns in random order
  std::size_t faster = 0;
  std::size_t slower = 0;
  std::size_t equivalent = 0;
  std::size_t inconclusive = 0;
  double median_detectable_percent =
      0;  ///< the smallest difference that half of the comparisons would have seen

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("comparisons", self.comparisons);
    visit("iterations", self.iterations);
    visit("faster", self.faster);
    visit("slower", self.slower);
    visit("equivalent", self.equivalent);
    visit("inconclusive", self.inconclusive);
    visit("median_detectable_percent", self.median_detectable_percent);
  }
  /// Share of comparisons that came out FASTER or SLOWER.
  [[nodiscard]] double rate() const;
};

/// One iteration; gives the seconds that it took.
using TimedIteration = std::function<double()>;

struct RepeatedComparison {
  std::size_t comparisons = 40;
  std::size_t iterations = 10;
  std::uint64_t seed = 1;
};

/// Compares `base` with `other` that often, each time with iterations of both in rounds, which of the two
/// goes first being random, as an interleaved run does. Of identical ones every FASTER and SLOWER is false.
FalseVerdicts compare_repeatedly(const TimedIteration& base, const TimedIteration& other,
                                 const RepeatedComparison& how, const InterruptFlag& interrupt,
                                 const std::function<void(std::size_t done)>& progress = {});

/// What was measured of a session whose tokens come at known times, less what they are, in ns.
struct TimingErrors {
  std::size_t iterations = 0;
  double first_token_median_ns = 0;
  double first_token_worst_ns = 0;
  double inter_token_median_ns = 0;  ///< of the mean latency between tokens of an iteration
  double inter_token_worst_ns = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("iterations", self.iterations);
    visit("first_token_median_ns", self.first_token_median_ns);
    visit("first_token_worst_ns", self.first_token_worst_ns);
    visit("inter_token_median_ns", self.inter_token_median_ns);
    visit("inter_token_worst_ns", self.inter_token_worst_ns);
  }
};

/// A session that spins until each token is due (the first after 5 ms, others 1 ms apart) and reads the clock
/// just before it hands the token over, measured as all sessions are.
TimingErrors measure_timing_errors(std::size_t iterations, const InterruptFlag& interrupt);

/// What a monitor takes at the two edges of an iteration, outside of what is timed, and what it does to the
/// iteration between them: caches, page tables and the clock are the same for both.
struct MonitorCost {
  std::string monitor;
  double median_ns = 0;                     ///< of one begin and end
  std::optional<double> latency_percent{};  ///< that iterations with it take longer
  std::optional<Interval> latency_percent_ci95{};
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("monitor", self.monitor);
    visit("median_ns", self.median_ns);
    visit("latency_percent", self.latency_percent);
    visit("latency_percent_ci95", self.latency_percent_ci95);
  }
};

struct MonitorMeasurement {
  std::size_t repetitions = 200;  ///< of begin and end alone
  std::size_t rounds = 20;        ///< of iterations without any, with each, and with all
  std::uint64_t seed = 1;
};

/// Each monitor that this system has, and all together as the last; those that sample run in this process.
/// Each round has an iteration with none of them and one with each, in random order; ratios are of the same
/// round, and their intervals hold together (Bonferroni).
std::vector<MonitorCost> measure_monitor_costs(const TimedIteration& iterate, const MonitorMeasurement& how,
                                               const InterruptFlag& interrupt,
                                               const std::function<void(std::size_t done)>& progress = {});

struct Calibration {
  std::string scenario;  ///< what the false verdicts are of
  FalseVerdicts false_verdicts;
  TimingErrors timing_errors;
  std::vector<MonitorCost> monitor_costs;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("scenario", self.scenario);
    visit("false_verdicts", self.false_verdicts);
    visit("timing_errors", self.timing_errors);
    visit("monitor_costs", self.monitor_costs);
  }
};

/// One line that a person understands for each part.
std::vector<std::string> calibration_verdicts(const Calibration& calibration);

}  // namespace bv2
