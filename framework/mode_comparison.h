// The modes of one run compared with each other: "kernelized is 2.85x [2.70, 3.00] eager".
#pragma once

#include <span>
#include <string>
#include <vector>

#include "framework/result.h"

namespace bv2 {

/// Every successful scenario against the eager one of the same workload (with the same attention where there
/// is one, else the first). Rounds that both have are paired (paired_effect); without any, the two are
/// compared as measured apart. Each interval is 95% by itself.
std::vector<ModeComparison> compare_modes(std::span<const ScenarioResult> scenarios);

/// "kernelized_sdpa_flash_attention is 2.85x [2.70, 3.00] eager_sdpa_flash_attention"; of a compiled scenario
/// also when it has paid for itself; empty where nothing can be said.
std::string mode_comparison_line(const ModeComparison& comparison);

/// One line that says how many iterations it would take where an interval is of no use: where the verdict is
/// INCONCLUSIVE, or where it leaves more than a quarter to either side of the ratio. Empty where all are
/// useful.
std::string mode_comparison_hint(std::span<const ModeComparison> comparisons);

}  // namespace bv2
