// All monitors at the two edges of an iteration.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/monitors/counter_source.h"

namespace bv2 {

/// By counter, what an iteration had of it. Counters that the system does not have are not there.
using CounterValues = NamedValues<std::int64_t>;

/// Watches the process that it is in. Used by one thread, between iterations: nothing runs during one.
class IterationMonitor {
 public:
  explicit IterationMonitor(const MonitoredSystem& system = MonitoredSystem::of_this_process());

  /// The last thing before an iteration, and the first after it. The process's own counters are read closest
  /// to the iteration.
  void begin();
  void end();
  /// Of the iteration between the last begin and end.
  [[nodiscard]] CounterValues values() const;
  /// Names of the counters that this system has.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct Part {
    std::unique_ptr<CounterSource> source;
    std::vector<Counter> counters;
    std::vector<std::int64_t> before;
    std::vector<std::int64_t> after;
  };
  std::vector<Part> parts_;  // the process's own first
};

}  // namespace bv2
