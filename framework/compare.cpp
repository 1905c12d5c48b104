// What changed between two measurements.
#include "framework/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "framework/document_files.h"
#include "framework/percentile.h"
#include "framework/scenario_series.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// What one side has of a scenario: all results with the same key.
struct SideScenario {
  std::string model_name;
  std::vector<ScenarioResult> results;
};
using Side = std::map<PhysicalKey, SideScenario>;

Side read_side(const fs::path& operand) {
  Side side;
  for (const fs::path& path : document_paths(operand)) {
    BenchmarkDocument document = read_benchmark_document(path);
    for (ScenarioResult& result : document.benchmark_scenarios) {
      SideScenario& scenario = side[physical_key(result)];
      scenario.model_name = document.model_name;
      scenario.results.push_back(std::move(result));
    }
  }
  return side;
}

bool measured(const SideScenario& scenario) {
  return std::ranges::any_of(scenario.results,
                             [](const auto& r) { return r.status == ScenarioStatus::success; });
}

LaunchSeries series_of(const SideScenario& scenario, std::string_view metric) {
  LaunchSeries all;
  for (const ScenarioResult& result : scenario.results) {
    if (result.status != ScenarioStatus::success) continue;
    for (auto& launch : launch_series(result, metric)) all.push_back(std::move(launch));
  }
  return all;
}

double median_of(const LaunchSeries& launches) {
  std::vector<double> values;
  for (const auto& launch : launches) values.insert(values.end(), launch.begin(), launch.end());
  return median_if_any(std::move(values)).value_or(0);
}

/// Names and units of the metrics in seconds that both sides have, in the order of the documents.
std::vector<std::pair<std::string, std::string>> judged_metrics(const SideScenario& base,
                                                                const SideScenario& other) {
  std::vector<std::pair<std::string, std::string>> metrics;
  for (const auto& [name, summary] : base.results.front().measurements) {
    if (summary.unit != "seconds") continue;
    if (series_of(base, name).empty() || series_of(other, name).empty()) continue;
    metrics.emplace_back(name, summary.unit);
  }
  return metrics;
}

std::string machine_refusal(const std::vector<FieldDifference>& differences) {
  std::vector<std::string> texts;
  for (const FieldDifference& d : differences) {
    if (d.difference == Difference::machine)
      texts.push_back(fmt::format("{}: {} and {}", d.field, d.base, d.other));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

class Comparer {
 public:
  explicit Comparer(const CompareOptions& options) : options_(options) { result_.margin = options.margin; }

  void add(const fs::path& base_path, const Side& base, const fs::path& other_path) {
    const Side other = read_side(other_path);
    ComparisonReport& report = result_.reports.emplace_back();
    report.base = base_path.string();
    report.other = other_path.string();
    for (const auto& [key, scenario] : base) {
      const auto found = other.find(key);
      if (found == other.end()) {
        report.only_in_base.push_back(name_of(key, scenario));
      } else {
        report.scenarios.push_back(compared(key, scenario, found->second));
      }
    }
    for (const auto& [key, scenario] : other) {
      if (!base.contains(key)) report.only_in_new.push_back(name_of(key, scenario));
    }
    if (report.scenarios.empty()) {
      fail<UsageError>("'{}' and '{}' have no scenario in common: {} | {}", report.base, report.other,
                       fmt::join(report.only_in_base, "; "), fmt::join(report.only_in_new, "; "));
    }
  }

  Comparisons finish() {
    std::size_t comparisons = 0;
    for (const ComparisonReport& report : result_.reports) {
      for (const ScenarioComparison& scenario : report.scenarios) comparisons += scenario.metrics.size();
    }
    const VerdictOptions verdicts{.margin = options_.margin,
                                  .confidence = result_.confidence,
                                  .comparisons = std::max<std::size_t>(comparisons, 1)};
    result_.comparisons = comparisons;
    result_.interval_confidence = corrected_confidence(verdicts);
    std::size_t next = 0;
    for (ComparisonReport& report : result_.reports) {
      for (ScenarioComparison& scenario : report.scenarios) {
        for (MetricComparison& metric : scenario.metrics)
          metric.judgement = judge(effects_[next++], verdicts);
      }
    }
    return std::move(result_);
  }

 private:
  static std::string name_of(const PhysicalKey& key, const SideScenario& scenario) {
    return scenario.results.back().scenario_name + ", " + key.workload(scenario.model_name);
  }

  ScenarioComparison compared(const PhysicalKey& key, const SideScenario& base, const SideScenario& other) {
    ScenarioComparison comparison;
    comparison.scenario_name = other.results.back().scenario_name;
    comparison.workload = key.workload(other.model_name);
    comparison.key = key;
    if (!measured(base)) {
      comparison.problem = "BASE " + base.results.back().error.value_or("has no measurements");
      return comparison;
    }
    if (!measured(other)) {
      comparison.problem = "NEW " + other.results.back().error.value_or("has no measurements");
      comparison.new_failed = true;
      return comparison;
    }
    comparison.differences = field_differences(base.results.back(), other.results.back());
    const std::string refusal = machine_refusal(comparison.differences);
    if (!refusal.empty() && !options_.different_machines) {
      fail<UsageError>(
          "the machines differ ({}): their times say nothing about a change; --different-machines compares "
          "them all the same",
          refusal);
    }
    comparison.base_launches = series_of(base, "latency").size();
    comparison.new_launches = series_of(other, "latency").size();
    for (const auto& [name, unit] : judged_metrics(base, other)) {
      const LaunchSeries first = series_of(base, name);
      const LaunchSeries second = series_of(other, name);
      comparison.metrics.push_back({.metric = name,
                                    .unit = unit,
                                    .base_median = median_of(first),
                                    .new_median = median_of(second),
                                    .judgement = {}});
      effects_.push_back(unpaired_effect(first, second, options_.launch_noise));
    }
    return comparison;
  }

  CompareOptions options_;
  Comparisons result_;
  std::vector<std::optional<Effect>> effects_;  // of all metrics, in the order of the reports
};

}  // namespace

bool Comparisons::any(Verdict verdict) const {
  for (const ComparisonReport& report : reports) {
    for (const ScenarioComparison& scenario : report.scenarios) {
      if (std::ranges::any_of(scenario.metrics,
                              [&](const auto& m) { return m.judgement.verdict == verdict; }))
        return true;
    }
  }
  return false;
}

bool Comparisons::any_failed() const {
  return std::ranges::any_of(reports, [](const ComparisonReport& report) {
    return std::ranges::any_of(report.scenarios, &ScenarioComparison::new_failed);
  });
}

Comparisons compare(const fs::path& base, std::span<const fs::path> others, const CompareOptions& options) {
  const Side side = read_side(base);
  Comparer comparer(options);
  for (const fs::path& other : others) comparer.add(base, side, other);
  return comparer.finish();
}

}  // namespace bv2
