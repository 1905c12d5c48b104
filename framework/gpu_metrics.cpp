// What the GPUs did while a scenario was measured.
#include "framework/gpu_metrics.h"

#include <algorithm>
#include <map>

#include "framework/monitors/counter_names.h"
#include "framework/monitors/gpu_throttle.h"

namespace bv2 {
namespace {

constexpr double mebibyte = 1 << 20;

void add(NamedValues<SampleStatistics>& counters, const std::string& name, double value) {
  auto found = std::ranges::find(counters, name, [](const auto& entry) { return entry.first; });
  if (found == counters.end()) {
    counters.emplace_back(name, SampleStatistics{.mean = value, .max = value, .min = value, .count = 1});
    return;
  }
  SampleStatistics& all = found->second;
  all.max = std::max(all.max, value);
  all.min = std::min(all.min, value);
  ++all.count;
  all.mean += (value - all.mean) / static_cast<double>(all.count);
}

void count_reasons(NamedValues<std::int64_t>& reasons, std::int64_t bits) {
  for (std::size_t i = 0; i < gpu_throttle_names.size(); ++i) {
    if ((bits & (std::int64_t{1} << i)) == 0) continue;
    const auto found = std::ranges::find(reasons, gpu_throttle_names[i],
                                         [](const auto& entry) -> std::string_view { return entry.first; });
    if (found == reasons.end()) {
      reasons.emplace_back(gpu_throttle_names[i], 1);
    } else {
      ++found->second;
    }
  }
}

void add(GpuDeviceMetrics& device, const SampleSeries& series) {
  if (series.problem) {
    const auto known =
        std::ranges::find(device.problems, series.name, [](const auto& entry) { return entry.first; });
    if (known == device.problems.end()) device.problems.emplace_back(series.name, *series.problem);
  }
  // A total says nothing by itself: energy has a place of its own.
  if (series.name == gpu_energy_counter) return;
  for (const auto& value : series.values) {
    if (!value) continue;
    if (series.name == gpu_throttle_counter) {
      count_reasons(device.throttle_reasons, *value);
    } else {
      add(device.counters, series.name, static_cast<double>(*value));
    }
  }
}

/// Of each sample the devices' sum of a counter, and how many devices it is of.
struct Together {
  double sum = 0;
  std::int64_t devices = 0;
};
std::vector<Together> together(const MonitorSamples& samples, std::string_view counter) {
  std::vector<Together> all(samples.time_ns.size());
  for (const SampleSeries& series : samples.series) {
    if (series.name != counter) continue;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      if (!series.values[i]) continue;
      all[i].sum += static_cast<double>(*series.values[i]);
      ++all[i].devices;
    }
  }
  return all;
}

void fill(GpuMetrics& metrics, const NamedValues<SampleStatistics>& all) {
  for (const auto& [name, statistics] : all) {
    if (name == gpu_utilization_counter) {
      metrics.gpu_utilization_mean = statistics.mean;
      metrics.gpu_utilization_max = statistics.max;
      metrics.gpu_utilization_min = statistics.min;
    } else {
      metrics.gpu_memory_used_mean = statistics.mean;
      metrics.gpu_memory_used_max = statistics.max;
      metrics.gpu_memory_used_min = statistics.min;
    }
  }
}

}  // namespace

GpuMetrics gpu_metrics(const MonitorReport& report, std::span<const MonitoredDevice> devices,
                       const IterationSamples& iterations) {
  GpuMetrics metrics;
  if (report.status == MonitorStatus::off || report.status == MonitorStatus::unavailable) {
    if (report.status == MonitorStatus::off) metrics.gpu_monitoring_reason.emplace("switched_off");
    return metrics;
  }
  std::vector<GpuDeviceMetrics> of_devices;
  for (const MonitoredDevice& device : devices) of_devices.push_back({.device = device});
  NamedValues<SampleStatistics> all;
  std::int64_t count = 0;
  for (const std::span<const MonitorSamples> iteration : iterations) {
    const auto samples = std::ranges::find(iteration, report.monitor, &MonitorSamples::monitor);
    if (samples == iteration.end()) continue;
    for (const SampleSeries& series : samples->series) {
      const auto device = std::ranges::find(of_devices, series.device.value_or(""),
                                            [](const GpuDeviceMetrics& known) { return known.device.id; });
      if (device != of_devices.end()) add(*device, series);
    }
    for (const Together& sample : together(*samples, gpu_utilization_counter)) {
      if (sample.devices == 0) continue;
      ++count;
      add(all, std::string(gpu_utilization_counter), sample.sum / static_cast<double>(sample.devices));
    }
    for (const Together& sample : together(*samples, gpu_memory_counter)) {
      if (sample.devices > 0) add(all, std::string(gpu_memory_counter), sample.sum / mebibyte);
    }
  }
  metrics.devices.emplace(std::move(of_devices));
  metrics.sample_count = count;
  fill(metrics, all);
  metrics.gpu_monitoring_status = all.empty() ? "failed" : "success";
  metrics.gpu_monitoring_reason.reset();
  if (all.empty()) metrics.gpu_monitoring_reason.emplace("no_samples_collected");
  return metrics;
}

}  // namespace bv2
