// All monitors at the two edges of an iteration.
#include "framework/monitors/iteration_monitor.h"

#include <array>
#include <ranges>

#include "base/cpu_topology.h"

namespace bv2 {
namespace {

/// The table of monitors: those that are read closest to the iteration first.
constexpr std::array sources{process_usage_source, thread_scheduling_source, processor_time_source,
                             pressure_source,      cgroup_throttling_source, thermal_throttling_source,
                             frequency_source};

}  // namespace

MonitoredSystem MonitoredSystem::of_this_process() { return {.root = "/", .cpus = allowed_cpus()}; }

IterationMonitor::IterationMonitor(const MonitoredSystem& system) {
  for (const auto& make : sources) {
    Part part{.source = make(system), .counters = {}, .before = {}, .after = {}};
    if (part.source) part.counters = part.source->counters();
    if (part.counters.empty()) continue;
    part.before.resize(part.counters.size());
    part.after.resize(part.counters.size());
    parts_.push_back(std::move(part));
  }
}

void IterationMonitor::begin() {
  for (Part& part : std::views::reverse(parts_)) part.source->read(part.before);
}

void IterationMonitor::end() {
  for (Part& part : parts_) {
    // What cannot be read any more did not change.
    part.after = part.before;
    part.source->read(part.after);
  }
}

CounterValues IterationMonitor::values() const {
  CounterValues values;
  for (const Part& part : parts_) {
    for (std::size_t i = 0; i < part.counters.size(); ++i) {
      const bool level = part.counters[i].kind == CounterKind::level;
      values.emplace_back(part.counters[i].name, part.after[i] - (level ? 0 : part.before[i]));
    }
  }
  return values;
}

std::vector<std::string> IterationMonitor::names() const {
  std::vector<std::string> names;
  for (const Part& part : parts_) {
    for (const Counter& counter : part.counters) names.emplace_back(counter.name);
  }
  return names;
}

}  // namespace bv2
