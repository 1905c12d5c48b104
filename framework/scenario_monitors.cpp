// From what the monitors of a scenario saw to its result.
#include "framework/scenario_monitors.h"

#include <algorithm>
#include <array>

#include "framework/percentile.h"
#include "framework/scenario_summary.h"

namespace bv2 {
namespace {

MonitorReport report_of(const ScenarioResult& scenario, std::string_view monitor) {
  const auto found = std::ranges::find(scenario.monitors, monitor, &MonitorReport::monitor);
  if (found != scenario.monitors.end()) return *found;
  return {.monitor = std::string(monitor), .status = MonitorStatus::unavailable};
}

void add_costs(ScenarioResult& scenario) {
  const Summary* latency = scenario.measurement("latency");
  const double latency_ns = latency == nullptr ? 0 : latency->median.value_or(0) * 1e9;
  for (MonitorReport& report : scenario.monitors) {
    double percent = 0;
    bool known = false;
    if (report.edges_ns && latency_ns > 0) {
      percent += *report.edges_ns / latency_ns * 100;
      known = true;
    }
    if (report.sample_ns && report.sample_period_ns.value_or(0) > 0) {
      percent += *report.sample_ns / *report.sample_period_ns * 100;
      known = true;
    }
    if (known) report.cost_percent = percent;
  }
}

std::vector<const Iteration*> counted(const ScenarioResult& scenario) {
  const std::vector<bool> counts = counting_iterations(scenario);
  std::vector<const Iteration*> iterations;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Iteration& iteration = scenario.iterations[i];
    if (counts[i] && !iteration.token_ns.empty()) iterations.push_back(&iteration);
  }
  return iterations;
}

/// What one domain took in each of the iterations.
struct DomainValues {
  std::string domain;
  std::vector<double> watts{};
  std::vector<double> resolution_joules{};
  std::vector<double> per_prompt_token{};
  std::vector<double> per_new_token{};
};

/// Of all domains together, and of how many.
struct IterationEnergy {
  double joules_per_prompt_token = 0;
  double joules_per_new_token = 0;
  std::size_t domains = 0;
  std::size_t prompt_resolved = 0;
  std::size_t new_resolved = 0;
};

class EnergySummary {
 public:
  explicit EnergySummary(const ScenarioResult& scenario) {
    const std::int64_t batch = scenario.metadata.config.batch_size;
    if (scenario.metadata.prompt) {
      prompt_tokens_ = static_cast<double>(scenario.metadata.prompt->tokens_of_batch(batch));
    }
    for (const Iteration* iteration : counted(scenario)) add(*iteration, batch);
  }

  [[nodiscard]] std::vector<EnergyDomain> domains(const NamedValues<double>& idle_watts) const {
    std::vector<EnergyDomain> domains;
    for (const DomainValues& values : domains_) {
      EnergyDomain& domain = domains.emplace_back(EnergyDomain{.domain = values.domain});
      const auto idle =
          std::ranges::find(idle_watts, values.domain, [](const auto& entry) { return entry.first; });
      if (idle != idle_watts.end()) domain.idle_watts = idle->second;
      domain.watts = median_if_any(values.watts);
      domain.resolution_joules = median_if_any(values.resolution_joules);
      domain.joules_per_prompt_token = median_if_any(values.per_prompt_token);
      domain.joules_per_new_token = median_if_any(values.per_new_token);
    }
    return domains;
  }

  /// Of iterations in which every domain could be resolved.
  void add_measurements(NamedValues<Summary>& measurements) const {
    std::vector<double> prompt;
    std::vector<double> next;
    for (const IterationEnergy& energy : iterations_) {
      if (energy.domains == 0) continue;
      if (energy.prompt_resolved == energy.domains) prompt.push_back(energy.joules_per_prompt_token);
      if (energy.new_resolved == energy.domains) next.push_back(energy.joules_per_new_token);
    }
    const std::string unit = "joules/token";
    if (!prompt.empty())
      measurements.emplace_back("joules_per_prompt_token", summarise(unit, std::move(prompt)));
    if (!next.empty()) measurements.emplace_back("joules_per_new_token", summarise(unit, std::move(next)));
  }

 private:
  DomainValues& values_of(const std::string& domain) {
    const auto found = std::ranges::find(domains_, domain, &DomainValues::domain);
    return found != domains_.end() ? *found : domains_.emplace_back(DomainValues{.domain = domain});
  }

  void add(const Iteration& iteration, std::int64_t batch) {
    if (!iteration.samples) return;
    const std::int64_t first_ns = iteration.token_ns.front();
    const std::int64_t last_ns = iteration.token_ns.back();
    const double new_tokens = static_cast<double>(batch) * static_cast<double>(iteration.token_ns.size() - 1);
    IterationEnergy& all = iterations_.emplace_back();
    for (const EnergySeries& series : energy_series(*iteration.samples)) {
      DomainValues& values = values_of(series.domain);
      ++all.domains;
      const auto whole = series.between(iteration.start_ns, last_ns);
      if (!whole) continue;
      values.resolution_joules.push_back(whole->resolution_joules);
      if (whole->resolved()) {
        values.watts.push_back(whole->joules / (static_cast<double>(last_ns - iteration.start_ns) * 1e-9));
      }
      const auto prompt = series.between(iteration.start_ns, first_ns);
      if (prompt && prompt->resolved() && prompt_tokens_ > 0) {
        values.per_prompt_token.push_back(prompt->joules / prompt_tokens_);
        all.joules_per_prompt_token += values.per_prompt_token.back();
        ++all.prompt_resolved;
      }
      const auto next = series.between(first_ns, last_ns);
      if (next && next->resolved() && new_tokens > 0) {
        values.per_new_token.push_back(next->joules / new_tokens);
        all.joules_per_new_token += values.per_new_token.back();
        ++all.new_resolved;
      }
    }
  }

  double prompt_tokens_ = 0;
  std::vector<DomainValues> domains_;
  std::vector<IterationEnergy> iterations_;
};

void add_energy(ScenarioResult& scenario, const NamedValues<double>& idle_watts) {
  const MonitorReport report = report_of(scenario, "energy");
  scenario.energy = {.status = report.status, .reason = report.reason, .domains = {}};
  const EnergySummary summary(scenario);
  scenario.energy.domains = summary.domains(idle_watts);
  if (scenario.energy.domains.empty()) return;
  scenario.energy.status = MonitorStatus::on;  // GPUs count theirs, whatever the processor does
  scenario.energy.reason.reset();
  summary.add_measurements(scenario.measurements);
}

}  // namespace

void summarise_monitors(ScenarioResult& scenario, const NamedValues<double>& idle_watts) {
  add_costs(scenario);
  std::vector<const CounterValues*> counters;
  IterationSamples samples;
  for (const Iteration* iteration : counted(scenario)) {
    counters.push_back(&iteration->counters);
    if (iteration->samples) samples.emplace_back(*iteration->samples);
  }
  scenario.hardware_counters = hardware_counters(report_of(scenario, "counters"), counters);
  add_energy(scenario, idle_watts);
  scenario.gpu_metrics =
      gpu_metrics(report_of(scenario, "gpu"), scenario.metadata.hardware_info.gpus, samples);
}

std::optional<AnalyticMemory> analytic_memory(const ScenarioMetadata& metadata) {
  if (!metadata.model) return std::nullopt;
  AnalyticMemory memory{.weights = metadata.model->weight_bytes, .kv_cache = {}};
  if (!metadata.model->forward_cost || !metadata.prompt) return memory;
  memory.kv_cache = 0;
  if (metadata.model->kind == ModelKind::encoder) return memory;
  // The last token is given out and never put in.
  const std::int64_t positions = metadata.prompt->tokens + metadata.config.num_tokens_to_generate - 1;
  for (const AttentionCost& layers : metadata.model->forward_cost->attention) {
    const std::int64_t kept = layers.window > 0 ? std::min(layers.window, positions) : positions;
    *memory.kv_cache += metadata.config.batch_size * kept * layers.cache_bytes_per_position;
  }
  return memory;
}

}  // namespace bv2
