// What a report shows, taken from result documents.
#include "framework/report/report_data.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "framework/physical_key.h"
#include "framework/report/environments.h"
#include "framework/report/history.h"
#include "framework/report/rounded.h"
#include "framework/report/token_bins.h"
#include "framework/timestamp.h"

namespace bv2 {
namespace {

/// All results of one model and shape on one machine, by what they measured; oldest first.
struct Group {
  std::map<PhysicalKey, std::vector<FoundResult>> scenarios;
  std::size_t environment = 0;  ///< of the newest
  std::string newest;           ///< its timestamp
};
using GroupKey = std::tuple<PhysicalKey, std::size_t>;  // without mode; machine

ModeComparison with_rounded_numbers(ModeComparison comparison) {
  comparison.speedup = rounded(comparison.speedup);
  comparison.speedup_ci95 = rounded(comparison.speedup_ci95);
  comparison.detectable_percent = rounded(comparison.detectable_percent);
  return comparison;
}

NamedValues<ReportMetric> metrics_of(const ScenarioResult& result) {
  NamedValues<ReportMetric> metrics;
  for (const auto& [name, summary] : result.measurements) {
    if (!summary.median) continue;
    metrics.emplace_back(name, ReportMetric{.unit = summary.unit,
                                            .median = rounded(*summary.median),
                                            .ci95 = rounded(summary.ci95),
                                            .std = rounded(summary.std),
                                            .min = rounded(summary.min),
                                            .max = rounded(summary.max),
                                            .count = summary.count});
  }
  return metrics;
}

ReportScenario scenario_of(const std::vector<FoundResult>& results) {
  const FoundResult& newest = results.back();
  const ScenarioResult& result = *newest.result;
  ReportScenario scenario;
  scenario.name = result.scenario_name;
  scenario.description = result.scenario_description;
  scenario.variant = result.metadata.config.variant;
  scenario.status = result.status;
  scenario.error = result.error;
  scenario.timestamp = result.metadata.timestamp;
  scenario.document = newest.file->path.string();
  scenario.commit_id = result.metadata.commit_id;
  scenario.metrics = metrics_of(result);
  scenario.roofline = result.roofline;
  scenario.tokens = token_bins(result);
  scenario.phases = result.phases;
  scenario.energy = result.energy;
  scenario.hardware_counters = result.hardware_counters;
  scenario.gpu_metrics = result.gpu_metrics;
  scenario.monitors = result.monitors;
  scenario.profile = result.profile;
  scenario.verification = result.verification;
  scenario.interference = result.interference;
  scenario.config = result.metadata.config;
  scenario.procedure = result.metadata.procedure;
  scenario.effective = result.metadata.effective;
  scenario.model = result.metadata.model;
  scenario.iterations = result.iterations.size();
  if (results.size() > 1) scenario.history = history_of(results);
  return scenario;
}

double latency_of(const RunScenario& scenario) {
  return scenario.result->measurement("latency")->median.value_or(0);
}

/// Those with a latency, fastest first.
std::vector<RunScenario> by_latency(std::vector<RunScenario> scenarios) {
  std::erase_if(scenarios, [](const RunScenario& scenario) {
    const Summary* latency = scenario.result->measurement("latency");
    return scenario.result->status != ScenarioStatus::success || latency == nullptr || !latency->median;
  });
  std::ranges::stable_sort(scenarios, {}, latency_of);
  return scenarios;
}

std::optional<Headline> headline_of(const std::vector<RunScenario>& scenarios,
                                    std::span<const ModeComparison> over_eager) {
  const auto fastest_first = by_latency(scenarios);
  if (fastest_first.empty()) return std::nullopt;
  Headline headline;
  headline.fastest = fastest_first.front().result->scenario_name;
  const auto found = std::ranges::find(over_eager, headline.fastest, &ModeComparison::scenario);
  if (found != over_eager.end()) headline.over_eager = *found;
  if (fastest_first.size() > 1) {
    headline.over_second = with_rounded_numbers(compare_two(fastest_first[1], fastest_first[0]));
    headline.over_second->break_even.reset();  // that is against eager
  }
  return headline;
}

/// "bfloat16, batch 1, 128 + 100 tokens, 2 threads".
std::string shape_text(const PhysicalKey& key) {
  const std::string text = key.workload("");
  return text.substr(text.find_first_not_of(' '));
}

/// In the order in which the newest document has them, then the others by age.
std::vector<const std::vector<FoundResult>*> in_order(const Group& group) {
  std::vector<const std::vector<FoundResult>*> scenarios;
  for (const auto& [key, results] : group.scenarios) scenarios.push_back(&results);
  std::ranges::stable_sort(scenarios, [](const auto* a, const auto* b) {
    const auto& first = a->back();
    const auto& second = b->back();
    if (first.file == second.file) return first.result < second.result;  // places in one vector
    return first.result->metadata.timestamp > second.result->metadata.timestamp;
  });
  return scenarios;
}

ReportWorkload workload_of(const GroupKey& key, const Group& group, std::span<const DocumentFile> files) {
  ReportWorkload workload;
  std::vector<RunScenario> newest;
  for (const auto* results : in_order(group)) {
    const FoundResult& found = results->back();
    newest.push_back({found.result, static_cast<std::size_t>(found.file - files.data())});
    workload.scenarios.push_back(scenario_of(*results));
    if (workload.model.empty()) {
      workload.model = found.file->document.model_name;
      workload.benchmark = found.file->document.benchmark;
    }
    const auto& model = found.result->metadata.model;
    workload.synthetic_weights = workload.synthetic_weights || (model && model->synthetic_weights);
  }
  workload.workload = shape_text(std::get<PhysicalKey>(key));
  workload.environment = group.environment;
  for (const ModeComparison& comparison : compare_modes(newest)) {
    workload.comparisons.push_back(with_rounded_numbers(comparison));
  }
  workload.headline = headline_of(newest, workload.comparisons);
  return workload;
}

/// What failed before its model was loaded cannot be told from other shapes.
bool has_key(const ScenarioResult& result) {
  return result.status == ScenarioStatus::success ||
         (result.metadata.prompt && result.metadata.effective.contains("threads"));
}

void add_failures(std::vector<ReportFailure>& failures, const DocumentFile& file) {
  for (const ScenarioResult& result : file.document.benchmark_scenarios) {
    if (result.status == ScenarioStatus::success) continue;
    failures.push_back({.model = file.document.model_name,
                        .scenario = result.scenario_name,
                        .status = result.status,
                        .error = result.error.value_or("no reason was given"),
                        .timestamp = result.metadata.timestamp,
                        .document = file.path.string()});
  }
}

void add_results(std::map<GroupKey, Group>& groups, Environments& environments, const DocumentFile& file) {
  std::optional<std::size_t> environment;
  for (const ScenarioResult& result : file.document.benchmark_scenarios) {
    if (!environment) {
      environment = environments.add(result.metadata.hardware_info, result.metadata.timestamp);
    }
    if (!has_key(result)) continue;
    const PhysicalKey key = physical_key(result);
    Group& group = groups[{key.without_mode(), environments.machine(*environment)}];
    if (group.scenarios.empty()) {
      group.environment = *environment;
      group.newest = result.metadata.timestamp;
    }
    group.scenarios[key].push_back({&result, &file});
  }
}

}  // namespace

ReportData report_data(std::span<const DocumentFile> files) {
  ReportData data;
  data.generated = utc_timestamp(std::chrono::system_clock::now());
  data.program = "benchmark_v2 " BV2_VERSION;
  data.documents = files.size();
  std::map<GroupKey, Group> groups;
  Environments environments;
  std::set<std::string> models;
  for (std::size_t i = files.size(); i-- > 0;) {
    if (models.insert(files[i].document.model_name).second) add_failures(data.failures, files[i]);
    data.results += files[i].document.benchmark_scenarios.size();
    add_results(groups, environments, files[i]);
  }
  std::vector<std::pair<const GroupKey*, Group*>> ordered;
  for (auto& [key, group] : groups) {
    for (auto& [scenario, results] : group.scenarios) std::ranges::reverse(results);
    ordered.emplace_back(&key, &group);
  }
  std::ranges::stable_sort(ordered, std::greater(), [](const auto& entry) { return entry.second->newest; });
  for (const auto& [key, group] : ordered) data.workloads.push_back(workload_of(*key, *group, files));
  data.environments = std::move(environments).take();
  return data;
}

}  // namespace bv2
