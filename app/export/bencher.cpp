// Bencher Metric Format.
#include <algorithm>
#include <array>

#include "app/export/export_format.h"

namespace bv2::app {
namespace {

/// A unit of ours in the unit of that format's measures.
struct UnitScale {
  std::string_view unit;
  double scale;
};
constexpr std::array unit_scales{UnitScale{"seconds", 1e9}};  // Bencher's own `latency` is in nanoseconds

double scale_of(std::string_view unit) {
  const auto* found = std::ranges::find(unit_scales, unit, &UnitScale::unit);
  return found == unit_scales.end() ? 1 : found->scale;
}

/// Names of measures are slugs.
std::string measure_name(std::string metric) {
  std::ranges::replace(metric, '_', '-');
  return metric;
}

Json metric_json(const Summary& summary) {
  const double scale = scale_of(summary.unit);
  Json metric{{"value", *summary.median * scale}};
  if (summary.ci95) {
    metric["lower_value"] = (*summary.ci95)[0] * scale;
    metric["upper_value"] = (*summary.ci95)[1] * scale;
  }
  return metric;
}

}  // namespace

std::string bencher_json(std::span<const DocumentFile> files) {
  Json document = Json::object();
  for (const DocumentFile& file : files) {
    for (const ScenarioResult& scenario : file.document.benchmark_scenarios) {
      if (scenario.status != ScenarioStatus::success) continue;
      Json measures = Json::object();
      for (const auto& [metric, summary] : scenario.measurements) {
        if (summary.median) measures[measure_name(metric)] = metric_json(summary);
      }
      document[exported_name(file, scenario)] = std::move(measures);
    }
  }
  return json_text(document);
}

}  // namespace bv2::app
