// What the GPUs did while a scenario was measured.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/monitors/counter_source.h"
#include "framework/monitors/monitor_table.h"
#include "framework/monitors/samples.h"

namespace bv2 {

/// Of all samples of a counter.
struct SampleStatistics {
  double mean = 0;
  double max = 0;
  double min = 0;
  std::int64_t count = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("mean", self.mean);
    visit("max", self.max);
    visit("min", self.min);
    visit("count", self.count);
  }
};

/// One device.
struct GpuDeviceMetrics {
  MonitoredDevice device;
  NamedValues<SampleStatistics> counters{};      ///< by name, which says the unit; those that could be read
  NamedValues<std::int64_t> throttle_reasons{};  ///< samples that had them
  NamedValues<std::string> problems{};           ///< by counter: why some samples are missing
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("device", self.device);
    visit("counters", self.counters);
    visit("throttle_reasons", self.throttle_reasons);
    visit("problems", self.problems);
  }
};

/// As results carry it; the names before `devices` are those of Hugging Face's layout, and of all devices
/// together: utilization is their mean, memory their sum. Nothing but the status and its reason where there
/// is no sample.
struct GpuMetrics {
  std::string gpu_monitoring_status = "disabled";  ///< success, disabled, failed
  Omittable<std::string> gpu_monitoring_reason{"no_gpus_available"};
  Omittable<double> gpu_utilization_mean{};  ///< percent
  Omittable<double> gpu_utilization_max{};
  Omittable<double> gpu_utilization_min{};
  Omittable<double> gpu_memory_used_mean{};  ///< MiB
  Omittable<double> gpu_memory_used_max{};
  Omittable<double> gpu_memory_used_min{};
  Omittable<std::int64_t> sample_count{};
  Omittable<std::vector<GpuDeviceMetrics>> devices{};
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("gpu_monitoring_status", self.gpu_monitoring_status);
    visit("gpu_monitoring_reason", self.gpu_monitoring_reason);
    visit("gpu_utilization_mean", self.gpu_utilization_mean);
    visit("gpu_utilization_max", self.gpu_utilization_max);
    visit("gpu_utilization_min", self.gpu_utilization_min);
    visit("gpu_memory_used_mean", self.gpu_memory_used_mean);
    visit("gpu_memory_used_max", self.gpu_memory_used_max);
    visit("gpu_memory_used_min", self.gpu_memory_used_min);
    visit("sample_count", self.sample_count);
    visit("devices", self.devices);
  }
};

/// The samples of the scenario's iterations, each as it was taken.
using IterationSamples = std::vector<std::span<const MonitorSamples>>;

/// From what the monitor "gpu" found.
GpuMetrics gpu_metrics(const MonitorReport& report, std::span<const MonitoredDevice> devices,
                       const IterationSamples& iterations);

}  // namespace bv2
