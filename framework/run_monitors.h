// The monitors of a run that sample beside what it measures.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/monitors/monitor_table.h"
#include "framework/monitors/samples.h"
#include "framework/worker/monitor_messages.h"
#include "framework/worker/worker.h"

namespace bv2 {

/// What samplers found before anything ran, by domain (framework/energy.h), in watts.
using IdlePower = NamedValues<double>;

/// Samples from start() on. What goes wrong with it is told once, and costs samples, never a measurement.
class RunMonitors {
 public:
  struct Setting {
    OpenMonitorsRequest open{};
    std::function<std::unique_ptr<Worker>()> new_worker{};  ///< where they run
    std::function<void(const std::string& line)> problem{};
  };
  explicit RunMonitors(Setting setting) : setting_(std::move(setting)) {}

  /// Opens the monitors that are sampled; where none can be, whoever would have is let go.
  void start();
  /// Sleeps for half a second while nothing runs, where energy can be measured.
  void measure_idle();
  /// Of an iteration that has just ended.
  std::vector<MonitorSamples> samples(std::int64_t from_ns, std::int64_t to_ns);

  /// The processor that sampling has for itself; none where it has none, or nothing is sampled.
  [[nodiscard]] std::optional<int> cpu() const;

  /// Of the sampled ones.
  [[nodiscard]] const std::vector<MonitorReport>& reports() const { return reports_; }
  [[nodiscard]] const std::vector<MonitoredDevice>& devices() const { return devices_; }
  [[nodiscard]] const IdlePower& idle_watts() const { return idle_watts_; }

 private:
  void guarded(const std::function<void()>& work);

  Setting setting_;
  std::unique_ptr<Worker> worker_;  // null: nothing is sampled
  std::vector<MonitorReport> reports_;
  std::vector<MonitoredDevice> devices_;
  IdlePower idle_watts_;
};

/// Those that are read at edges and those that are sampled together, in the order of the table.
std::vector<MonitorReport> joined(const std::vector<MonitorReport>& at_edges,
                                  const std::vector<MonitorReport>& sampled);

/// The processor that workers with that many threads leave free, if they do: the last that may be used.
std::optional<int> spare_cpu(std::int64_t threads);

}  // namespace bv2
