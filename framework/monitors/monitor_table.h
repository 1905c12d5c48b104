// The monitors that there are, as a table: what --monitors takes, what runs, and what `calibrate` measures.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/monitors/counter_source.h"

namespace bv2 {

/// One monitor.
struct MonitorKind {
  std::string_view name;  ///< of --monitors and in results
  std::string_view what;  ///< one line
  std::unique_ptr<CounterSource> (*make)(const MonitoredSystem& system);
  bool at_edges = true;             ///< read by the worker just before and just after an iteration
  std::int64_t sample_period_ns{};  ///< also, or only, read this often beside it; 0: never
};

/// Those that are read closest to the iteration first.
std::span<const MonitorKind> monitor_table();
std::vector<std::string> all_monitor_names();

/// Which monitors run, by name.
using MonitorNames = std::vector<std::string>;
bool contains(const MonitorNames& names, std::string_view name);

enum class MonitorStatus {
  on,
  off,          ///< it was not asked for
  unavailable,  ///< the system does not have what it reads
  failed,       ///< what ran it was lost
};
std::span<const std::string_view> enum_names(MonitorStatus status);

/// What became of a monitor in a run, and what it costs.
struct MonitorReport {
  std::string monitor;
  MonitorStatus status = MonitorStatus::off;
  Omittable<std::string> reason{};    ///< why it is unavailable, or failed
  std::optional<double> edges_ns{};   ///< what its readings at both edges take: between iterations
  std::optional<double> sample_ns{};  ///< processor time of one sample
  std::optional<double> sample_period_ns{};
  std::optional<double> cost_percent{};  ///< edges: of an iteration's latency; samples: of one processor
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("monitor", self.monitor);
    visit("status", self.status);
    visit("reason", self.reason);
    visit("edges_ns", self.edges_ns);
    visit("sample_ns", self.sample_ns);
    visit("sample_period_ns", self.sample_period_ns);
    visit("cost_percent", self.cost_percent);
  }
};

}  // namespace bv2
