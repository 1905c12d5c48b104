// What changed between two measurements: scenario by scenario, with a confidence and a verdict.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/comparability.h"
#include "framework/physical_key.h"
#include "framework/verdict.h"

namespace bv2 {

struct CompareOptions {
  double margin = 0.02;
  double launch_noise = default_launch_noise;
  bool different_machines = false;  ///< compare although the machines differ
};

/// One metric of one scenario.
struct MetricComparison {
  std::string metric;
  std::string unit;
  double base_median = 0;
  double new_median = 0;
  Judgement judgement;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("metric", self.metric);
    visit("unit", self.unit);
    visit("base_median", self.base_median);
    visit("new_median", self.new_median);
    Judgement::fields(self.judgement, visit);
  }
};

/// A scenario that both sides have.
struct ScenarioComparison {
  std::string scenario_name;  ///< as NEW calls it
  std::string workload;
  PhysicalKey key;
  std::size_t base_launches = 0;
  std::size_t new_launches = 0;
  std::string problem;      ///< why it could not be compared; else empty
  bool new_failed = false;  ///< NEW has no times of what BASE measured
  std::vector<MetricComparison> metrics;
  std::vector<FieldDifference> differences;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("scenario_name", self.scenario_name);
    visit("workload", self.workload);
    visit("key", self.key);
    visit("base_launches", self.base_launches);
    visit("new_launches", self.new_launches);
    visit("problem", self.problem);
    visit("new_failed", self.new_failed);
    visit("metrics", self.metrics);
    visit("differences", self.differences);
  }
};

/// BASE against one NEW.
struct ComparisonReport {
  std::string base;
  std::string other;
  std::vector<ScenarioComparison> scenarios;
  std::vector<std::string> only_in_base;  ///< scenarios, by name and workload
  std::vector<std::string> only_in_new;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("base", self.base);
    visit("new", self.other);
    visit("scenarios", self.scenarios);
    visit("only_in_base", self.only_in_base);
    visit("only_in_new", self.only_in_new);
  }
};

/// Everything that one call compares.
struct Comparisons {
  std::string schema_version = "1";
  double margin = 0.02;
  double confidence = 0.95;               ///< of all intervals together
  std::size_t comparisons = 0;            ///< intervals that the confidence is shared among
  double interval_confidence = 0.95;      ///< of each
  std::vector<ComparisonReport> reports;  ///< one a NEW

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("schema_version", self.schema_version);
    visit("margin", self.margin);
    visit("confidence", self.confidence);
    visit("comparisons", self.comparisons);
    visit("interval_confidence", self.interval_confidence);
    visit("reports", self.reports);
  }

  [[nodiscard]] bool any(Verdict verdict) const;
  [[nodiscard]] bool any_failed() const;  ///< scenarios that NEW failed at
};

/// Compares documents, or folders of them (every MODEL_benchmark_*.json below), each NEW with BASE. Scenarios
/// pair by their physical key; several documents of one side with the same key are launches of one scenario.
/// Metrics in seconds are judged: rates are these once more. Throws UsageError where there is nothing to
/// compare, a file is not a result document, or the machines differ.
Comparisons compare(const std::filesystem::path& base, std::span<const std::filesystem::path> others,
                    const CompareOptions& options);

}  // namespace bv2
