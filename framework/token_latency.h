// Inter-token latency as a distribution over tokens: percentiles, stalls, and its growth with the context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/bootstrap.h"
#include "framework/latency_fit.h"

namespace bv2 {

/// A token far above the rest.
struct Stall {
  std::int64_t iteration = 0;  ///< place among those given
  std::int64_t token = 0;      ///< the new token that came late: 1 is the one after the first
  double seconds = 0;          ///< it took
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("iteration", self.iteration);
    visit("token", self.token);
    visit("seconds", self.seconds);
  }
};

/// Of the latencies of all tokens after the first, of all iterations together.
struct TokenLatency {
  std::string unit = "seconds";
  std::size_t count = 0;
  NamedValues<std::optional<double>> percentiles;  ///< "p25", "p50", "p75", "p90", "p95", "p99", "p99.9"
  NamedValues<std::optional<Interval>> percentile_ci95;  ///< see percentile_intervals
  std::optional<double> max;
  std::size_t stall_count = 0;
  double stall_seconds = 0;   ///< that stalls took beyond what such a token takes otherwise
  std::vector<Stall> stalls;  ///< the longest, at most 20, longest first
  LatencyFit context_fit;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("unit", self.unit);
    visit("count", self.count);
    visit("percentiles", self.percentiles);
    visit("percentile_ci95", self.percentile_ci95);
    visit("max", self.max);
    visit("stall_count", self.stall_count);
    visit("stall_seconds", self.stall_seconds);
    visit("stalls", self.stalls);
    visit("context_fit", self.context_fit);
  }
};

/// `launches` have the latencies of the tokens of each iteration; iterations without any are passed over.
/// `first_context` is the context of an iteration's first latency. A stall takes at least half as long again
/// as the fit (without one: the median) says and lies more than 10 robust standard deviations above it.
TokenLatency token_latency(std::span<const LaunchValues> launches, std::int64_t first_context);

}  // namespace bv2
