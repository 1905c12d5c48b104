// A difference in one word.
#include "framework/verdict.h"

#include <array>

namespace bv2 {
namespace {

constexpr std::array<std::string_view, 4> verdict_names{"FASTER", "SLOWER", "EQUIVALENT", "INCONCLUSIVE"};

Verdict verdict_of(double ratio, const Interval& interval, double margin) {
  const double least = 1 / (1 + margin);
  const double most = 1 + margin;
  if (interval[0] >= least && interval[1] <= most) return Verdict::equivalent;
  if (interval[1] < 1 && ratio < least) return Verdict::faster;
  if (interval[0] > 1 && ratio > most) return Verdict::slower;
  return Verdict::inconclusive;
}

}  // namespace

std::span<const std::string_view> enum_names(Verdict /*verdict*/) { return verdict_names; }

double corrected_confidence(const VerdictOptions& options) {
  return 1 - (1 - options.confidence) / static_cast<double>(options.comparisons);
}

Judgement judge(const std::optional<Effect>& effect, const VerdictOptions& options) {
  if (!effect) return {};
  const double confidence = corrected_confidence(options);
  Judgement judgement;
  judgement.ratio = effect->ratio();
  judgement.interval = effect->interval(confidence);
  judgement.detectable_percent = 100 * (effect->detectable_ratio(confidence) - 1);
  judgement.verdict = verdict_of(*judgement.ratio, *judgement.interval, options.margin);
  return judgement;
}

}  // namespace bv2
