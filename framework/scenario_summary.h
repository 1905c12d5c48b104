// From the iterations of a scenario to its statistics.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "framework/result.h"

namespace bv2 {

/// The flag of measured iterations that turned out to be before the steady state.
inline constexpr std::string_view warm_up_flag = "warm_up";

/// Which iterations enter the statistics: those of the steady state, as far as enough of them are clean
/// (counted_iterations).
std::vector<bool> counting_iterations(const ScenarioResult& scenario);

/// A metric's value of each iteration that counts, with the iteration; nothing where it has no meaning.
struct IterationValue {
  const Iteration* iteration;
  double value;
};
std::vector<IterationValue> metric_values(const ScenarioResult& scenario, std::string_view metric);

/// How exactly the latency is known (relative_precision), of what the result's own interval is made of: marks
/// what is before the steady state, as summarise_scenario does.
std::optional<double> latency_precision(ScenarioResult& scenario);

/// Fills steady_state (of each launch, whose warm_up_seconds are there), the warm-up flags that follow from
/// it, measurements and token_latency from the iterations and the prompt. A launch that never became steady
/// counts whole, and its steady_state says so.
void summarise_scenario(ScenarioResult& scenario);

}  // namespace bv2
