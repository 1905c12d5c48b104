// Energy of phases, from samples of counters that only grow.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/monitors/monitor_table.h"
#include "framework/monitors/samples.h"

namespace bv2 {

/// One counter of energy: "package", "dram", or the UUID of a GPU.
struct EnergyDomain {
  std::string domain;
  std::optional<double> idle_watts{};  ///< before the run's first scenario, while nothing ran
  std::optional<double> watts{};       ///< from the call to the last token; these are medians of iterations
  std::optional<double> resolution_joules{};        ///< what an interval may be off by at either of its edges
  std::optional<double> joules_per_prompt_token{};  ///< null where the resolution does not allow it
  std::optional<double> joules_per_new_token{};     ///< of the tokens after the first; likewise
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("domain", self.domain);
    visit("idle_watts", self.idle_watts);
    visit("watts", self.watts);
    visit("resolution_joules", self.resolution_joules);
    visit("joules_per_prompt_token", self.joules_per_prompt_token);
    visit("joules_per_new_token", self.joules_per_new_token);
  }
};

/// What a scenario took. The sums over the domains are among its measurements.
struct EnergyReport {
  MonitorStatus status = MonitorStatus::off;
  Omittable<std::string> reason{};  ///< why there is nothing
  std::vector<EnergyDomain> domains;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("status", self.status);
    visit("reason", self.reason);
    visit("domains", self.domains);
  }
};

/// An interval's energy.
struct IntervalEnergy {
  double joules = 0;
  double resolution_joules = 0;
  /// Whether it is known to 10%, being off by up to the resolution at either edge.
  [[nodiscard]] bool resolved() const { return joules >= 20 * resolution_joules && joules > 0; }
};

/// A counter's samples of one iteration.
struct EnergySeries {
  std::string domain;
  std::vector<std::int64_t> time_ns{};
  std::vector<double> joules{};

  /// Between two times that the samples span; nothing outside of them. A reading tells what was used up to a
  /// time that lies between it and the one before, or further back where a counter is updated less often than
  /// it is read: the resolution is the interval's largest step from one reading to the next.
  [[nodiscard]] std::optional<IntervalEnergy> between(std::int64_t from_ns, std::int64_t to_ns) const;
};
/// Those among samples that are counters of energy.
std::vector<EnergySeries> energy_series(std::span<const MonitorSamples> samples);

}  // namespace bv2
