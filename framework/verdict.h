// What a difference between two measurements amounts to, in one word.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "framework/effect.h"

namespace bv2 {

enum class Verdict { faster, slower, equivalent, inconclusive };
/// FASTER, SLOWER, EQUIVALENT, INCONCLUSIVE.
std::span<const std::string_view> enum_names(Verdict verdict);

struct VerdictOptions {
  double margin = 0.02;         ///< relative: differences that nobody needs to care for
  double confidence = 0.95;     ///< that all verdicts of a comparison are right together
  std::size_t comparisons = 1;  ///< that are made together
};

/// A ratio of times and its verdict.
struct Judgement {
  Verdict verdict = Verdict::inconclusive;
  std::optional<double> ratio;       ///< of times, second to first: above 1 the second is slower
  std::optional<Interval> interval;  ///< of the ratio, at the corrected confidence
  std::optional<double>
      detectable_percent;  ///< the smallest difference that would be found in 80 of 100 repetitions

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("verdict", self.verdict);
    visit("ratio", self.ratio);
    visit("interval", self.interval);
    visit("detectable_percent", self.detectable_percent);
  }
};

/// The confidence of each interval, so that all `comparisons` hold together (Bonferroni).
double corrected_confidence(const VerdictOptions& options);

/// EQUIVALENT: the whole interval lies within the margin, 1 / (1 + margin) to 1 + margin. FASTER or SLOWER:
/// the interval leaves 1 out, and the ratio itself is beyond the margin. INCONCLUSIVE: everything else, and
/// where there is no effect to judge.
Judgement judge(const std::optional<Effect>& effect, const VerdictOptions& options);

}  // namespace bv2
