// The modes of one run compared with each other: "kernelized is 2.85x [2.70, 3.00] eager".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/result.h"
#include "framework/verdict.h"

namespace bv2 {

/// One scenario against its baseline, by latency.
struct ModeComparison {
  std::string base{};      ///< name of the baseline scenario
  std::string scenario{};  ///< name of the other
  bool paired = false;     ///< by round; else the two were measured apart
  std::int64_t rounds = 0;
  std::optional<double>
      speedup{};  ///< latency of the baseline over that of the scenario: above 1 it is faster
  std::optional<Interval> speedup_ci95{};
  Verdict verdict = Verdict::inconclusive;
  std::optional<double> detectable_percent{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("base", self.base);
    visit("scenario", self.scenario);
    visit("paired", self.paired);
    visit("rounds", self.rounds);
    visit("speedup", self.speedup);
    visit("speedup_ci95", self.speedup_ci95);
    visit("verdict", self.verdict);
    visit("detectable_percent", self.detectable_percent);
  }
};

/// Every successful scenario against the eager one of the same workload (with the same attention where there
/// is one, else the first). Rounds that both have are paired (paired_effect); without any, the two are
/// compared as measured apart. Each interval is 95% by itself.
std::vector<ModeComparison> compare_modes(std::span<const ScenarioResult> scenarios);

/// "kernelized_sdpa_flash_attention is 2.85x [2.70, 3.00] eager_sdpa_flash_attention"; empty where nothing
/// can be said.
std::string mode_comparison_line(const ModeComparison& comparison);

}  // namespace bv2
