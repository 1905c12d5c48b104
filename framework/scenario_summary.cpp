// From the iterations of a scenario to its statistics.
#include "framework/scenario_summary.h"

#include <algorithm>
#include <map>
#include <string>

#include "framework/interference.h"
#include "framework/scenario_roofline.h"
#include "framework/token_timeline.h"

namespace bv2 {
namespace {

constexpr double seconds_per_ns = 1e-9;

bool is_warm_up(const Iteration& iteration) {
  return std::ranges::find(iteration.flags, warm_up_flag) != iteration.flags.end();
}

IterationTimes times_of(const ScenarioResult& scenario, const Iteration& iteration) {
  const std::int64_t batch = scenario.metadata.config.batch_size;
  const auto& prompt = scenario.metadata.prompt;
  return {batch, prompt ? prompt->tokens_of_batch(batch) : 0, iteration.start_ns, iteration.token_ns};
}

ModelKind kind_of(const ScenarioResult& scenario) {
  return scenario.metadata.model ? scenario.metadata.model->kind : ModelKind::decoder;
}

std::map<std::int64_t, std::vector<Iteration*>> by_launch(ScenarioResult& scenario) {
  std::map<std::int64_t, std::vector<Iteration*>> launches;
  for (Iteration& iteration : scenario.iterations) {
    if (!iteration.token_ns.empty()) launches[iteration.launch].push_back(&iteration);
  }
  return launches;
}

void find_warm_up(ScenarioResult& scenario) {
  scenario.steady_state.clear();
  for (auto& [launch, iterations] : by_launch(scenario)) {
    std::vector<double> latencies;
    for (Iteration* iteration : iterations) {
      std::erase(iteration->flags, warm_up_flag);
      latencies.push_back(
          static_cast<double>(std::max<std::int64_t>(iteration->token_ns.back() - iteration->start_ns, 1)));
    }
    const SteadyState state = find_steady_state(latencies);
    for (std::size_t i = 0; i < state.begin.value_or(0); ++i) iterations[i]->flags.emplace_back(warm_up_flag);
    scenario.steady_state.push_back(state);
  }
}

const Metric* metric_named(ModelKind kind, std::string_view name) {
  const auto found = std::ranges::find(metrics(kind), name, &Metric::name);
  return found == metrics(kind).end() ? nullptr : &*found;
}

/// All values of a metric, and those of them that its statistics are made of.
class CountedSeries {
 public:
  void add(double value, std::int64_t launch, bool counts) {
    if (counts) {
      places_.push_back(all_.size());
      counted_.push_back(value);
      launches_.push_back(launch);
    }
    all_.push_back(value);
  }

  Summary summarise(std::string unit) && {
    Summary summary = bv2::summarise(std::move(unit), std::move(counted_), launches_);
    for (std::size_t& outlier : summary.outliers) outlier = places_[outlier];
    summary.measurements = std::move(all_);
    return summary;
  }

 private:
  std::vector<double> all_;
  std::vector<double> counted_;
  std::vector<std::size_t> places_;  // of counted_ in all_
  std::vector<std::int64_t> launches_;
};

/// Whether each iteration enters the statistics.
std::vector<bool> counted(const ScenarioResult& scenario) {
  std::vector<std::vector<std::string>> flags;
  for (const Iteration& iteration : scenario.iterations) {
    if (!is_warm_up(iteration)) flags.push_back(iteration.flags);
  }
  const std::vector<bool> steady = counted_iterations(flags);
  std::vector<bool> counts;
  std::size_t next = 0;
  for (const Iteration& iteration : scenario.iterations)
    counts.push_back(!is_warm_up(iteration) && steady[next++]);
  return counts;
}

Summary summary_of(const ScenarioResult& scenario, const Metric& metric) {
  const std::vector<bool> counts = counted(scenario);
  CountedSeries series;
  for (std::size_t i = 0; i < scenario.iterations.size(); ++i) {
    const Iteration& iteration = scenario.iterations[i];
    if (const auto value = metric.value(times_of(scenario, iteration)))
      series.add(*value, iteration.launch, counts[i]);
  }
  return std::move(series).summarise(std::string(metric.unit));
}

/// Of the iterations of the steady state; those of the warm-up count for nothing anyway.
Interference interference_of(const ScenarioResult& scenario) {
  std::vector<std::vector<std::string>> flags;
  for (const Iteration& iteration : scenario.iterations) {
    if (!is_warm_up(iteration)) flags.push_back(iteration.flags);
  }
  return bv2::interference_of(flags);
}

TokenLatency token_latency_of(const ScenarioResult& scenario) {
  std::map<std::int64_t, LaunchValues> launches;
  const std::vector<bool> counts = counted(scenario);
  for (std::size_t index = 0; index < scenario.iterations.size(); ++index) {
    const Iteration& iteration = scenario.iterations[index];
    if (!counts[index]) continue;
    IterationValues& tokens = launches[iteration.launch].emplace_back();
    for (std::size_t i = 1; i < iteration.token_ns.size(); ++i) {
      tokens.push_back(static_cast<double>(iteration.token_ns[i] - iteration.token_ns[i - 1]) *
                       seconds_per_ns);
    }
  }
  std::vector<LaunchValues> ordered;
  for (auto& [launch, values] : launches) ordered.push_back(std::move(values));
  // The token after the first is computed from the prompt and the first.
  const std::int64_t prompt_tokens = scenario.metadata.prompt ? scenario.metadata.prompt->tokens : 0;
  return token_latency(ordered, prompt_tokens + 1);
}

}  // namespace

std::vector<IterationValue> metric_values(const ScenarioResult& scenario, std::string_view metric) {
  const Metric* known = metric_named(kind_of(scenario), metric);
  if (known == nullptr) return {};
  std::vector<IterationValue> values;
  const std::vector<bool> counts = counted(scenario);
  for (std::size_t i = 0; i < scenario.iterations.size(); ++i) {
    const Iteration& iteration = scenario.iterations[i];
    if (!counts[i]) continue;
    if (const auto value = known->value(times_of(scenario, iteration)))
      values.push_back({&iteration, *value});
  }
  return values;
}

void summarise_scenario(ScenarioResult& scenario, std::span<const double> peak_memory_bytes) {
  scenario.measurements.clear();
  if (scenario.iterations.empty()) return;
  find_warm_up(scenario);
  for (const Metric& metric : metrics(kind_of(scenario))) {
    scenario.measurements.emplace_back(metric.name, summary_of(scenario, metric));
  }
  scenario.measurements.emplace_back(
      "peak_host_memory", summarise("bytes", {peak_memory_bytes.begin(), peak_memory_bytes.end()}));
  scenario.token_latency = token_latency_of(scenario);
  scenario.interference = interference_of(scenario);
  scenario.roofline = scenario_roofline(scenario);
}

}  // namespace bv2
