// Energy of phases, from samples of counters that only grow.
#include "framework/energy.h"

#include <algorithm>
#include <array>

#include "framework/monitors/counter_names.h"

namespace bv2 {
namespace {

constexpr double joules_per_uj = 1e-6;

/// The counters of energy, and the domain of those that belong to no device.
struct EnergyCounter {
  std::string_view name;
  std::string_view domain;
};
constexpr std::array energy_counters{EnergyCounter{package_energy_counter, "package"},
                                     EnergyCounter{memory_energy_counter, "dram"},
                                     EnergyCounter{gpu_energy_counter, ""}};

}  // namespace

std::vector<EnergySeries> energy_series(std::span<const MonitorSamples> samples) {
  std::vector<EnergySeries> found;
  for (const MonitorSamples& monitor : samples) {
    for (const SampleSeries& series : monitor.series) {
      const auto* counter = std::ranges::find(energy_counters, series.name, &EnergyCounter::name);
      if (counter == energy_counters.end()) continue;
      EnergySeries energy{.domain = series.device.value_or(std::string(counter->domain))};
      for (std::size_t i = 0; i < series.values.size(); ++i) {
        if (!series.values[i]) continue;
        energy.time_ns.push_back(monitor.time_ns[i]);
        energy.joules.push_back(static_cast<double>(*series.values[i]) * joules_per_uj);
      }
      found.push_back(std::move(energy));
    }
  }
  return found;
}

std::optional<IntervalEnergy> EnergySeries::between(std::int64_t from_ns, std::int64_t to_ns) const {
  if (time_ns.size() < 2 || from_ns < time_ns.front() || to_ns > time_ns.back()) return std::nullopt;
  const auto at = [&](std::int64_t when_ns) {
    const auto after = std::ranges::upper_bound(time_ns, when_ns);
    if (after == time_ns.end()) return joules.back();
    const auto i = static_cast<std::size_t>(after - time_ns.begin());
    const double share = static_cast<double>(when_ns - time_ns[i - 1]) /
                         static_cast<double>(std::max<std::int64_t>(time_ns[i] - time_ns[i - 1], 1));
    return joules[i - 1] + share * (joules[i] - joules[i - 1]);
  };
  IntervalEnergy interval{.joules = at(to_ns) - at(from_ns)};
  for (std::size_t i = 1; i < joules.size(); ++i) {
    if (time_ns[i] < from_ns || time_ns[i - 1] > to_ns) continue;
    interval.resolution_joules = std::max(interval.resolution_joules, joules[i] - joules[i - 1]);
  }
  return interval;
}

}  // namespace bv2
