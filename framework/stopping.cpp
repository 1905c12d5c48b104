// When a scenario has been measured enough, and who is measured next when time is short.
#include "framework/stopping.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/percentile.h"

namespace bv2 {
namespace {

/// How badly a scenario needs an iteration: without an interval more than with any.
double need(const MeasuredSoFar& scenario) {
  constexpr double without = std::numeric_limits<double>::infinity();
  if (scenario.latency_seconds.size() < fewest_iterations_for_precision) return without;
  return scenario.precision().value_or(without);
}

}  // namespace

std::vector<std::size_t> StoppingRule::next_round(std::span<const MeasuredSoFar> scenarios,
                                                  std::int64_t left_ns) const {
  std::vector<std::size_t> in_want;
  std::vector<std::size_t> short_of_least;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    if (!in_time(scenarios[i], left_ns)) continue;
    if (scenarios[i].iterations_in_launch < scenarios[i].least_iterations) {
      short_of_least.push_back(i);
    } else if (short_of_least.empty() && wants_precision(scenarios[i])) {
      in_want.push_back(i);
    }
  }
  if (!short_of_least.empty()) return short_of_least;
  if (options_.budget_ns == 0 || in_want.empty()) return in_want;
  const auto by_need = [&](std::size_t place) { return need(scenarios[place]); };
  return {*std::ranges::max_element(in_want, {}, by_need)};
}

bool StoppingRule::in_time(const MeasuredSoFar& scenario, std::int64_t left_ns) const {
  if (options_.budget_ns == 0 || scenario.latency_seconds.empty()) return true;
  const std::span<const double> latencies = scenario.latency_seconds;
  return *median_if_any({latencies.begin(), latencies.end()}) * 1e9 <= static_cast<double>(left_ns);
}

bool StoppingRule::wants_precision(const MeasuredSoFar& scenario) const {
  if (options_.target_precision <= 0) return options_.budget_ns > 0;
  if (scenario.iterations_in_launch >= most_iterations_for_precision) return false;
  return need(scenario) > options_.target_precision;
}

}  // namespace bv2
