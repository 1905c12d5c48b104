// All monitors at the two edges of an iteration.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "framework/monitors/counter_source.h"
#include "framework/monitors/monitor_table.h"

namespace bv2 {

/// By counter, what an iteration had of it. Counters that the system does not have are not there.
using CounterValues = NamedValues<std::int64_t>;
std::optional<std::int64_t> counter_value(const CounterValues& values, std::string_view name);

/// Watches the process that it is in. Used by one thread, between iterations: nothing runs during one. Made
/// before the process has started the threads that are to be counted.
class IterationMonitor {
 public:
  explicit IterationMonitor(const MonitoredSystem& system = MonitoredSystem::of_this_process(),
                            const MonitorNames& chosen = all_monitor_names());

  /// The last thing before an iteration, and the first after it. The process's own counters are read closest
  /// to the iteration.
  void begin();
  void end();
  /// Of the iteration between the last begin and end.
  [[nodiscard]] CounterValues values() const;
  /// Names of the counters that this system has.
  [[nodiscard]] std::vector<std::string> names() const;
  /// All monitors that are read at edges, in the order of the table, with what each takes: the median of
  /// readings that are made for it.
  [[nodiscard]] std::vector<MonitorReport> reports(std::size_t readings = 11);

 private:
  struct Part {
    std::size_t report;  // in reports_
    std::unique_ptr<CounterSource> source;
    std::vector<Counter> counters;
    std::vector<std::int64_t> before;
    std::vector<std::int64_t> after;
    void begin();
    void end();
  };
  std::vector<Part> parts_;  // the process's own first
  std::vector<MonitorReport> reports_;
};

}  // namespace bv2
