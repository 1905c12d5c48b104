// From the iterations of a scenario to its statistics.
#include "framework/scenario_summary.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "framework/interference.h"
#include "framework/monitors/counter_names.h"
#include "framework/token_timeline.h"

namespace bv2 {
namespace {

constexpr double seconds_per_ns = 1e-9;

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

double latency_seconds(const Iteration& iteration) {
  const std::int64_t latency_ns = iteration.token_ns.back() - iteration.start_ns;
  return static_cast<double>(std::max<std::int64_t>(latency_ns, 1)) * seconds_per_ns;
}

/// The series of a launch begins with its warm-up: that is where a mode is mostly still on its way.
void find_warm_up(ScenarioResult& scenario) {
  for (auto& [launch, iterations] : by_launch(scenario)) {
    const auto place = static_cast<std::size_t>(launch);
    if (scenario.steady_state.size() <= place) scenario.steady_state.resize(place + 1);
    SteadyState& state = scenario.steady_state[place];
    std::vector<double> warm_up = std::move(state.warm_up_seconds);
    std::vector<double> latencies = warm_up;
    for (Iteration* iteration : iterations) {
      std::erase(iteration->flags, warm_up_flag);
      latencies.push_back(latency_seconds(*iteration));
    }
    state = after_warm_up(find_steady_state(latencies), warm_up.size());
    state.warm_up_seconds = std::move(warm_up);
    for (std::size_t i = 0; i < state.begin.value_or(0); ++i) iterations[i]->flags.emplace_back(warm_up_flag);
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

Summary summary_of(const ScenarioResult& scenario, const Metric& metric, const std::vector<bool>& counted) {
  CountedSeries series;
  for (std::size_t i = 0; i < scenario.iterations.size(); ++i) {
    const Iteration& iteration = scenario.iterations[i];
    if (const auto value = metric.value(times_of(scenario, iteration))) {
      series.add(*value, iteration.launch, counted[i]);
    }
  }
  return std::move(series).summarise(std::string(metric.unit));
}

TokenLatency token_latency_of(const ScenarioResult& scenario, const std::vector<bool>& counted) {
  std::map<std::int64_t, LaunchValues> launches;
  for (std::size_t place = 0; place < scenario.iterations.size(); ++place) {
    const Iteration& iteration = scenario.iterations[place];
    if (!counted[place]) continue;
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

std::vector<double> peak_memory_bytes(const ScenarioResult& scenario) {
  std::vector<double> peaks;
  for (const Iteration& iteration : scenario.iterations) {
    const auto peak = counter_value(iteration.counters, peak_memory_counter);
    if (peak) peaks.push_back(static_cast<double>(*peak));
  }
  return peaks;
}

}  // namespace

std::vector<bool> counting_iterations(const ScenarioResult& scenario) {
  std::vector<std::size_t> steady;
  std::vector<std::vector<std::string>> flags;
  for (std::size_t i = 0; i < scenario.iterations.size(); ++i) {
    const auto& own = scenario.iterations[i].flags;
    if (std::ranges::find(own, warm_up_flag) != own.end()) continue;
    steady.push_back(i);
    flags.push_back(own);
  }
  const std::vector<bool> clean = counted_iterations(flags);
  std::vector<bool> counted(scenario.iterations.size(), false);
  for (std::size_t i = 0; i < steady.size(); ++i) counted[steady[i]] = clean[i];
  return counted;
}

std::vector<IterationValue> metric_values(const ScenarioResult& scenario, std::string_view metric) {
  const Metric* known = metric_named(kind_of(scenario), metric);
  if (known == nullptr) return {};
  const std::vector<bool> counted = counting_iterations(scenario);
  std::vector<IterationValue> values;
  for (std::size_t i = 0; i < scenario.iterations.size(); ++i) {
    const Iteration& iteration = scenario.iterations[i];
    if (!counted[i]) continue;
    if (const auto value = known->value(times_of(scenario, iteration)))
      values.push_back({&iteration, *value});
  }
  return values;
}

std::optional<double> latency_precision(ScenarioResult& scenario) {
  find_warm_up(scenario);
  const Metric* latency = metric_named(kind_of(scenario), "latency");
  return relative_precision(summary_of(scenario, *latency, counting_iterations(scenario)));
}

void summarise_scenario(ScenarioResult& scenario) {
  scenario.measurements.clear();
  if (scenario.iterations.empty()) return;
  find_warm_up(scenario);
  const std::vector<bool> counted = counting_iterations(scenario);
  std::vector<std::vector<std::string>> flags;
  for (const Iteration& iteration : scenario.iterations) flags.push_back(iteration.flags);
  scenario.interference = interference_of(flags);
  scenario.interference.left_out = 0;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    if (!counted[i] && is_tainted(flags[i])) ++scenario.interference.left_out;
  }
  for (const Metric& metric : metrics(kind_of(scenario))) {
    scenario.measurements.emplace_back(metric.name, summary_of(scenario, metric, counted));
  }
  scenario.measurements.emplace_back("peak_host_memory", summarise("bytes", peak_memory_bytes(scenario)));
  scenario.token_latency = token_latency_of(scenario, counted);
}

}  // namespace bv2
