// The JSON of Google Benchmark.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "app/export/export_format.h"
#include "framework/percentile.h"
#include "framework/physical_key.h"
#include "framework/scenario_summary.h"

namespace bv2::app {
namespace {

constexpr double ms_per_second = 1e3;
constexpr double ms_per_ns = 1e-6;

struct Repetition {
  double real_ms = 0;
  double cpu_ms = 0;
};

/// One metric of one scenario: what that format calls a benchmark.
struct Instance {
  std::string name;
  std::string family;  ///< metrics of one model and shape
  std::int64_t threads = 1;
  std::vector<Repetition> repetitions;
};

/// The processor time of the whole iteration, where the metric is of all of it and the system counted that.
double cpu_ms_of(const IterationValue& value, std::string_view metric) {
  const auto& counters = value.iteration->counters;
  const auto found = std::ranges::find(counters, "cpu_time_ns", [](const auto& c) { return c.first; });
  if (metric != "latency" || found == counters.end()) return value.value * ms_per_second;
  return static_cast<double>(found->second) * ms_per_ns;
}

std::vector<Instance> instances_of(std::span<const DocumentFile> files) {
  std::vector<Instance> instances;
  for (const DocumentFile& file : files) {
    for (const ScenarioResult& scenario : file.document.benchmark_scenarios) {
      if (scenario.status != ScenarioStatus::success) continue;
      for (const auto& [metric, summary] : scenario.measurements) {
        if (summary.unit != "seconds") continue;
        const std::string family = exported_name(file, scenario);
        const std::string name = family + "/" + metric;
        auto found = std::ranges::find(instances, name, &Instance::name);
        if (found == instances.end()) {
          found = instances.insert(instances.end(), {name, family, physical_key(scenario).threads, {}});
        }
        for (const IterationValue& value : metric_values(scenario, metric)) {
          found->repetitions.push_back({value.value * ms_per_second, cpu_ms_of(value, metric)});
        }
      }
    }
  }
  std::erase_if(instances, [](const Instance& instance) { return instance.repetitions.empty(); });
  return instances;
}

double mean_of(const std::vector<double>& values) {
  return std::reduce(values.begin(), values.end()) / static_cast<double>(values.size());
}
double deviation_of(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

struct Aggregate {
  std::string_view name;
  std::string_view unit;
  double (*of)(const std::vector<double>& values);
};
constexpr Aggregate aggregates[] = {
    {"mean", "time", mean_of},
    {"median", "time", [](const std::vector<double>& values) { return *median_if_any(values); }},
    {"stddev", "time", deviation_of},
    {"cv", "percentage",
     [](const std::vector<double>& values) { return deviation_of(values) / mean_of(values); }},
};

/// The fields that every entry of a benchmark begins with.
Json entry_of(const Instance& instance, std::size_t family, std::size_t place, const std::string& name) {
  return {{"name", name},
          {"family_index", family},
          {"per_family_instance_index", place},
          {"run_name", instance.name}};
}

void add_entries(Json& entries, const Instance& instance, std::size_t family, std::size_t place) {
  const std::size_t count = instance.repetitions.size();
  std::vector<double> real;
  std::vector<double> cpu;
  for (std::size_t i = 0; i < count; ++i) {
    const Repetition& repetition = instance.repetitions[i];
    Json entry = entry_of(instance, family, place, instance.name);
    entry.update({{"run_type", "iteration"},
                  {"repetitions", count},
                  {"repetition_index", i},
                  {"threads", instance.threads},
                  {"iterations", 1},
                  {"real_time", repetition.real_ms},
                  {"cpu_time", repetition.cpu_ms},
                  {"time_unit", "ms"}});
    entries.push_back(std::move(entry));
    real.push_back(repetition.real_ms);
    cpu.push_back(repetition.cpu_ms);
  }
  for (const Aggregate& aggregate : aggregates) {
    Json entry = entry_of(instance, family, place, fmt::format("{}_{}", instance.name, aggregate.name));
    entry.update({{"run_type", "aggregate"},
                  {"repetitions", count},
                  {"threads", instance.threads},
                  {"aggregate_name", std::string(aggregate.name)},
                  {"aggregate_unit", std::string(aggregate.unit)},
                  {"iterations", count},
                  {"real_time", aggregate.of(real)},
                  {"cpu_time", aggregate.of(cpu)},
                  {"time_unit", "ms"}});
    entries.push_back(std::move(entry));
  }
}

/// "L1d" as type and level.
Json cache_json(const std::string& name, const CacheInfo& cache, std::int64_t cpus) {
  const char last = name.empty() ? ' ' : name.back();
  const char* const type = last == 'd' ? "Data" : last == 'i' ? "Instruction" : "Unified";
  return {{"type", type},
          {"level", name.size() > 1 ? name[1] - '0' : 0},
          {"size", cache.size_bytes},
          {"num_sharing", cache.count > 0 ? cpus / cache.count : 0}};
}

/// Of the newest document.
Json context_of(std::span<const DocumentFile> files) {
  Json context{{"executable", "run_benchmarks"}, {"library_build_type", "release"}};
  if (files.empty() || files.back().document.benchmark_scenarios.empty()) return context;
  const ScenarioMetadata& metadata = files.back().document.benchmark_scenarios.front().metadata;
  const HardwareInfo& machine = metadata.hardware_info;
  context["date"] = metadata.timestamp;
  context["num_cpus"] = machine.cpu_count.value_or(0);
  context["cpu_name"] = to_json(machine.cpu_name);
  if (machine.governor) context["cpu_scaling_enabled"] = *machine.governor != "performance";
  context["caches"] = Json::array();
  for (const auto& [name, cache] : machine.caches) {
    context["caches"].push_back(cache_json(name, cache, machine.cpu_count.value_or(0)));
  }
  if (machine.load_average) context["load_avg"] = *machine.load_average;
  return context;
}

}  // namespace

std::string google_benchmark_json(std::span<const DocumentFile> files) {
  Json document{{"context", context_of(files)}, {"benchmarks", Json::array()}};
  std::vector<std::string> families;
  std::size_t place = 0;
  for (const Instance& instance : instances_of(files)) {
    if (families.empty() || families.back() != instance.family) {
      families.push_back(instance.family);
      place = 0;
    }
    add_entries(document["benchmarks"], instance, families.size() - 1, place++);
  }
  return json_text(document);
}

}  // namespace bv2::app
