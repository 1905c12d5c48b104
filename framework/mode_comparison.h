// The modes of one run compared with each other: "kernelized is 2.85x [2.70, 3.00] eager".
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "framework/result.h"

namespace bv2 {

/// A scenario and the run that it is of: only the rounds of one run can be paired.
struct RunScenario {
  const ScenarioResult* result = nullptr;
  std::size_t run = 0;
};

/// Two scenarios that succeeded, by latency. Rounds that both have are paired (paired_effect) where they are
/// of one run; without any, the two are compared as measured apart. The interval is 95% by itself.
ModeComparison compare_two(const RunScenario& base, const RunScenario& scenario);

/// Every successful scenario against the eager one of the same workload (with the same attention where there
/// is one, else the first).
std::vector<ModeComparison> compare_modes(std::span<const RunScenario> scenarios);
/// Of one run.
std::vector<ModeComparison> compare_modes(std::span<const ScenarioResult> scenarios);

/// "kernelized_sdpa_flash_attention is 2.85x [2.70, 3.00] eager_sdpa_flash_attention"; of a compiled scenario
/// also when it has paid for itself; empty where nothing can be said.
std::string mode_comparison_line(const ModeComparison& comparison);

/// One line that says how many iterations it would take where an interval is of no use: where the verdict is
/// INCONCLUSIVE, or where it leaves more than a quarter to either side of the ratio. Empty where all are
/// useful.
std::string mode_comparison_hint(std::span<const ModeComparison> comparisons);

}  // namespace bv2
