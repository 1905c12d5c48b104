// The series of a scenario's metrics.
#include "framework/scenario_series.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>

#include "framework/scenario_summary.h"

namespace bv2 {
namespace {

bool usable(double value) { return std::isfinite(value) && value > 0; }

/// By round; rounds with several values are left out.
std::map<std::int64_t, double> by_round(const ScenarioResult& scenario, std::string_view metric) {
  std::map<std::int64_t, std::optional<double>> rounds;
  for (const auto& [iteration, value] : metric_values(scenario, metric)) {
    const bool first = rounds.emplace(iteration->round, value).second;
    if (!first) rounds[iteration->round].reset();
  }
  std::map<std::int64_t, double> result;
  for (const auto& [round, value] : rounds) {
    if (value && usable(*value)) result.emplace(round, *value);
  }
  return result;
}

}  // namespace

LaunchSeries launch_series(const ScenarioResult& scenario, std::string_view metric) {
  std::map<std::int64_t, std::vector<double>> launches;
  for (const auto& [iteration, value] : metric_values(scenario, metric)) {
    if (usable(value)) launches[iteration->launch].push_back(value);
  }
  LaunchSeries series;
  for (auto& [launch, values] : launches) series.push_back(std::move(values));
  return series;
}

PairedSeries paired_series(const ScenarioResult& base, const ScenarioResult& other, std::string_view metric) {
  const auto other_rounds = by_round(other, metric);
  PairedSeries pairs;
  for (const auto& [round, value] : by_round(base, metric)) {
    const auto found = other_rounds.find(round);
    if (found == other_rounds.end()) continue;
    pairs.base.push_back(value);
    pairs.other.push_back(found->second);
  }
  return pairs;
}

}  // namespace bv2
