// What the processor's own counters say of a scenario's iterations.
#include "framework/hardware_counters.h"

#include <algorithm>
#include <vector>

#include "framework/monitors/counter_names.h"
#include "framework/percentile.h"

namespace bv2 {
namespace {

/// The median of a quotient of two counters, of the iterations that have both.
std::optional<double> ratio(std::span<const CounterValues* const> counters, std::string_view above,
                            std::string_view below) {
  std::vector<double> ratios;
  for (const CounterValues* values : counters) {
    const auto a = counter_value(*values, above);
    const auto b = counter_value(*values, below);
    if (a && b.value_or(0) > 0) ratios.push_back(static_cast<double>(*a) / static_cast<double>(*b));
  }
  return median_if_any(std::move(ratios));
}

}  // namespace

HardwareCounters hardware_counters(const MonitorReport& report,
                                   std::span<const CounterValues* const> counters) {
  HardwareCounters found{.status = report.status, .reason = report.reason};
  for (const std::string_view event : hardware_event_counters) {
    std::vector<double> values;
    for (const CounterValues* iteration : counters) {
      if (const auto value = counter_value(*iteration, event)) values.push_back(static_cast<double>(*value));
    }
    if (const auto middle = median_if_any(std::move(values))) found.events.emplace_back(event, *middle);
  }
  found.instructions_per_cycle = ratio(counters, "instructions", "cycles");
  found.cache_misses_per_kiloinstruction = ratio(counters, "cache_misses", "instructions");
  if (found.cache_misses_per_kiloinstruction) *found.cache_misses_per_kiloinstruction *= 1000;
  for (const CounterValues* iteration : counters) {
    const auto percent = counter_value(*iteration, counters_running_counter);
    if (percent) {
      found.running_percent = std::min(found.running_percent.value_or(100), static_cast<double>(*percent));
    }
  }
  return found;
}

}  // namespace bv2
