// All monitors at the two edges of an iteration.
#include "framework/monitors/iteration_monitor.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/cpu_topology.h"
#include "framework/percentile.h"

namespace bv2 {
std::optional<std::int64_t> counter_value(const CounterValues& values, std::string_view name) {
  const auto found = std::ranges::find(values, name, &CounterValues::value_type::first);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

MonitoredSystem MonitoredSystem::of_this_process() { return {.root = "/", .cpus = allowed_cpus()}; }

IterationMonitor::IterationMonitor(const MonitoredSystem& system, const MonitorNames& chosen) {
  for (const MonitorKind& monitor : monitor_table()) {
    if (!monitor.at_edges) continue;
    MonitorReport& report = reports_.emplace_back(MonitorReport{.monitor = std::string(monitor.name)});
    if (!contains(chosen, monitor.name)) continue;
    Part part{.report = reports_.size() - 1,
              .source = monitor.make(system),
              .counters = {},
              .before = {},
              .after = {}};
    if (part.source) part.counters = part.source->counters();
    if (part.counters.empty()) {
      report.status = MonitorStatus::unavailable;
      report.reason.emplace(part.source ? part.source->unavailable_reason() : "the system does not tell");
      continue;
    }
    report.status = MonitorStatus::on;
    part.before.resize(part.counters.size());
    part.after.resize(part.counters.size());
    parts_.push_back(std::move(part));
  }
}

void IterationMonitor::Part::begin() {
  source->begin_interval();
  source->read(before);
}

void IterationMonitor::Part::end() {
  // What cannot be read any more did not change.
  after = before;
  source->read(after);
}

void IterationMonitor::begin() {
  // Not std::views::reverse: Clang 14, of the lint, cannot read it.
  for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) part->begin();
}

void IterationMonitor::end() {
  for (Part& part : parts_) part.end();
}

CounterValues IterationMonitor::values() const {
  CounterValues values;
  for (const Part& part : parts_) {
    for (std::size_t i = 0; i < part.counters.size(); ++i) {
      const bool level = part.counters[i].kind == CounterKind::level;
      if (part.after[i] == not_read || (!level && part.before[i] == not_read)) continue;
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

std::vector<MonitorReport> IterationMonitor::reports(std::size_t readings) {
  for (Part& part : parts_) {
    std::vector<double> durations_ns;
    for (std::size_t i = 0; i < readings; ++i) {
      const std::int64_t start_ns = monotonic_now_ns();
      part.begin();
      part.end();
      durations_ns.push_back(static_cast<double>(monotonic_now_ns() - start_ns));
    }
    reports_[part.report].edges_ns = median_if_any(std::move(durations_ns));
  }
  return reports_;
}

}  // namespace bv2
