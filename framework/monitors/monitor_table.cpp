// The monitors that there are.
#include "framework/monitors/monitor_table.h"

#include <algorithm>
#include <array>

namespace bv2 {
namespace {

/// The kernel updates RAPL's counters about every millisecond; ten of them make an interval's edges known to
/// a hundredth of a second.
constexpr std::int64_t energy_period_ns = 10'000'000;

/// What drivers tell changes about that often; Hugging Face's tool reads at the same rate.
constexpr std::int64_t gpu_period_ns = 50'000'000;

constexpr std::array monitors{
    MonitorKind{"process", "time, context switches and page faults of the process", process_usage_source},
    MonitorKind{"scheduling", "how long its threads waited for a processor, and how often they moved",
                thread_scheduling_source},
    MonitorKind{"counters", "cycles, instructions, cache, TLB and branch misses", hardware_counters_source},
    MonitorKind{"energy", "energy of processor packages and memory (RAPL)", energy_source, true,
                energy_period_ns},
    MonitorKind{"processors", "busy and stolen time of the processors", processor_time_source},
    MonitorKind{"pressure", "how long tasks waited for processors, memory and disks", pressure_source},
    MonitorKind{"cgroup", "how long control groups held the process back", cgroup_throttling_source},
    MonitorKind{"thermal", "how often processors slowed down because of heat", thermal_throttling_source},
    MonitorKind{"frequency", "the clock of the slowest processor", frequency_source},
    MonitorKind{"memory", "high-water mark of the process's memory, anonymous and file-backed",
                memory_source},
    MonitorKind{"gpu", "utilisation, memory, power, energy, clocks, temperature and throttling of GPUs",
                gpu_source, false, gpu_period_ns},
};

constexpr std::array<std::string_view, 4> statuses{"on", "off", "unavailable", "failed"};

}  // namespace

std::span<const MonitorKind> monitor_table() { return monitors; }

std::vector<std::string> all_monitor_names() {
  std::vector<std::string> names;
  for (const MonitorKind& monitor : monitors) names.emplace_back(monitor.name);
  return names;
}

bool contains(const MonitorNames& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::span<const std::string_view> enum_names(MonitorStatus) { return statuses; }

}  // namespace bv2
