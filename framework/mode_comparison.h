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

/// What a mode that has to be compiled takes before its first token, against what it saves.
struct BreakEven {
  double extra_seconds = 0;              ///< of preparation, more than the baseline's
  bool from_cache = false;               ///< nothing was compiled: all code was found in the cache
  std::optional<std::int64_t> tokens{};  ///< of this workload until that is saved; missing: it saves nothing
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("extra_seconds", self.extra_seconds);
    visit("from_cache", self.from_cache);
    visit("tokens", self.tokens);
  }
};

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
  std::optional<BreakEven> break_even{};  ///< of compiled scenarios

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
    visit("break_even", self.break_even);
  }
};

/// Every successful scenario against the eager one of the same workload (with the same attention where there
/// is one, else the first). Rounds that both have are paired (paired_effect); without any, the two are
/// compared as measured apart. Each interval is 95% by itself.
std::vector<ModeComparison> compare_modes(std::span<const ScenarioResult> scenarios);

/// "kernelized_sdpa_flash_attention is 2.85x [2.70, 3.00] eager_sdpa_flash_attention"; of a compiled scenario
/// also when it has paid for itself; empty where nothing can be said.
std::string mode_comparison_line(const ModeComparison& comparison);

}  // namespace bv2
