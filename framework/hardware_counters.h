// What the processor's own counters say of a scenario's iterations.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "framework/monitors/iteration_monitor.h"

namespace bv2 {

/// Medians of iterations, of all threads in user mode.
struct HardwareCounters {
  MonitorStatus status = MonitorStatus::off;
  Omittable<std::string> reason{};  ///< why there is nothing
  NamedValues<double> events{};     ///< cycles, instructions, ...
  std::optional<double> instructions_per_cycle{};
  std::optional<double> cache_misses_per_kiloinstruction{};
  /// The least part of the time that any event was looked at; below 100 the numbers are scaled up.
  std::optional<double> running_percent{};
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("status", self.status);
    visit("reason", self.reason);
    visit("events", self.events);
    visit("instructions_per_cycle", self.instructions_per_cycle);
    visit("cache_misses_per_kiloinstruction", self.cache_misses_per_kiloinstruction);
    visit("running_percent", self.running_percent);
  }
};

/// Of iterations with those counters; `report` is of the monitor "counters".
HardwareCounters hardware_counters(const MonitorReport& report,
                                   std::span<const CounterValues* const> counters);

}  // namespace bv2
