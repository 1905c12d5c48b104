// The modes of one run compared with each other.
#include "framework/mode_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/physical_key.h"
#include "framework/scenario_series.h"

namespace bv2 {
namespace {

constexpr std::string_view baseline_variant = "eager";
constexpr std::string_view metric = "latency";

bool measured(const ScenarioResult& scenario) { return scenario.status == ScenarioStatus::success; }

/// What the scenario is compared with, or null.
const RunScenario* baseline_of(const ScenarioResult& scenario, std::span<const RunScenario> scenarios) {
  const PhysicalKey key = physical_key(scenario);
  const RunScenario* found = nullptr;
  for (const RunScenario& candidate : scenarios) {
    const PhysicalKey other = physical_key(*candidate.result);
    if (!measured(*candidate.result) || other.variant != baseline_variant) continue;
    if (other.without_mode() != key.without_mode()) continue;
    const bool same_attention =
        other.attn_implementation == key.attn_implementation && other.sdpa_backend == key.sdpa_backend;
    if (same_attention) return &candidate;
    if (found == nullptr) found = &candidate;
  }
  return found;
}

std::optional<double> seconds_per_token(const ScenarioResult& scenario) {
  const Summary* rate = scenario.measurement("tokens_per_second");
  if (rate == nullptr || rate->median.value_or(0) <= 0) return std::nullopt;
  return 1 / *rate->median;
}

/// The preparation's seconds over those that a token takes less: the prompt's share is in both.
std::optional<BreakEven> break_even(const ScenarioResult& base, const ScenarioResult& scenario) {
  const auto& preparation = scenario.phases.preparation;
  const std::optional<double> base_seconds = seconds_per_token(base);
  const std::optional<double> seconds = seconds_per_token(scenario);
  if (!preparation || !preparation->compile_seconds || !base_seconds || !seconds) return std::nullopt;
  BreakEven result;
  result.from_cache = *preparation->compile_seconds == 0;
  result.extra_seconds =
      scenario.phases.prepare_seconds.value_or(0) - base.phases.prepare_seconds.value_or(0);
  const double saved_seconds = *base_seconds - *seconds;
  if (saved_seconds > 0)
    result.tokens = static_cast<std::int64_t>(std::ceil(std::max(result.extra_seconds, 0.0) / saved_seconds));
  return result;
}

std::string break_even_text(const BreakEven& break_even) {
  const std::string preparation = fmt::format("{:.1f} s of preparation{}", break_even.extra_seconds,
                                              break_even.from_cache ? " (code from the cache)" : "");
  if (!break_even.tokens) return fmt::format("; never saves its {}", preparation);
  return fmt::format("; has saved its {} after {} tokens", preparation, *break_even.tokens);
}

constexpr double widest_useful = 1.25;  // of the interval's end to the ratio
constexpr double advised_precision = 0.05;
constexpr std::int64_t most_advised_iterations = 1000;

/// Of each of the two, for an interval that tells something; 0: it does already. The width of an interval
/// falls with the root of their number.
std::int64_t useful_iterations(const ModeComparison& comparison) {
  if (!comparison.speedup_ci95 || comparison.rounds < 2) return 0;
  const auto [low, high] = *comparison.speedup_ci95;
  const double half_width = std::log(high / low) / 2;
  const bool inconclusive = comparison.verdict == Verdict::inconclusive;
  if (!inconclusive && half_width <= std::log(widest_useful)) return 0;
  const double wanted = std::log1p(inconclusive ? VerdictOptions().margin : advised_precision);
  const double iterations = static_cast<double>(comparison.rounds) * std::pow(half_width / wanted, 2);
  const double rounded = std::ceil(iterations / 10) * 10;
  return std::max(static_cast<std::int64_t>(rounded), 2 * comparison.rounds);
}

}  // namespace

ModeComparison compare_two(const RunScenario& base, const RunScenario& scenario) {
  ModeComparison comparison;
  comparison.base = base.result->scenario_name;
  comparison.scenario = scenario.result->scenario_name;
  comparison.break_even = break_even(*base.result, *scenario.result);
  PairedSeries pairs;
  if (base.run == scenario.run) pairs = paired_series(*base.result, *scenario.result, metric);
  comparison.rounds = static_cast<std::int64_t>(pairs.base.size());
  comparison.paired = pairs.base.size() > 1;
  const std::optional<Effect> effect =
      comparison.paired
          ? paired_effect(pairs.base, pairs.other)
          : unpaired_effect(launch_series(*base.result, metric), launch_series(*scenario.result, metric));
  const Judgement judgement = judge(effect, {});
  comparison.verdict = judgement.verdict;
  comparison.detectable_percent = judgement.detectable_percent;
  if (judgement.ratio) {
    comparison.speedup = 1 / *judgement.ratio;
    comparison.speedup_ci95 = Interval{1 / (*judgement.interval)[1], 1 / (*judgement.interval)[0]};
  }
  return comparison;
}

std::vector<ModeComparison> compare_modes(std::span<const RunScenario> scenarios) {
  std::vector<ModeComparison> comparisons;
  for (const RunScenario& scenario : scenarios) {
    if (!measured(*scenario.result) || scenario.result->metadata.config.variant == baseline_variant) continue;
    const RunScenario* base = baseline_of(*scenario.result, scenarios);
    if (base != nullptr) comparisons.push_back(compare_two(*base, scenario));
  }
  return comparisons;
}

std::vector<ModeComparison> compare_modes(std::span<const ScenarioResult> scenarios) {
  std::vector<RunScenario> of_one_run;
  for (const ScenarioResult& scenario : scenarios) of_one_run.push_back({&scenario});
  return compare_modes(of_one_run);
}

std::string mode_comparison_line(const ModeComparison& comparison) {
  if (!comparison.speedup) return {};
  std::string line =
      fmt::format("{} is {:.2f}x [{:.2f}, {:.2f}] {}{}", comparison.scenario, *comparison.speedup,
                  (*comparison.speedup_ci95)[0], (*comparison.speedup_ci95)[1], comparison.base,
                  comparison.paired ? "" : " (measured apart)");
  if (comparison.break_even) line += break_even_text(*comparison.break_even);
  return line;
}

std::string mode_comparison_hint(std::span<const ModeComparison> comparisons) {
  const ModeComparison* worst = nullptr;
  std::int64_t most_iterations = 0;
  for (const ModeComparison& comparison : comparisons) {
    const std::int64_t iterations = useful_iterations(comparison);
    if (iterations > most_iterations) {
      most_iterations = iterations;
      worst = &comparison;
    }
  }
  if (worst == nullptr) return {};
  const std::string what =
      fmt::format("{} rounds tell too little of {} against {}", worst->rounds, worst->scenario, worst->base);
  if (most_iterations > most_advised_iterations) {
    return fmt::format("{}: use a quieter machine (on this one it takes about {})", what, most_iterations);
  }
  return fmt::format("{}: about {} should (--measurement-iterations)", what, most_iterations);
}

}  // namespace bv2
