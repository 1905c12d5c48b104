// The interface of the monitors: counters of the system that are read at the edges of an iteration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace bv2 {

/// What a counter's number means.
enum class CounterKind {
  total,  ///< only grows: an iteration has the difference between its edges
  level,  ///< a state: an iteration has the value at its end
};

/// One counter. Its name says its unit: cpu_time_ns.
struct Counter {
  std::string_view name;
  CounterKind kind = CounterKind::total;
};

/// The system that is watched; tests put a tree of their own here.
struct MonitoredSystem {
  std::filesystem::path root = "/";  ///< where /proc and /sys are
  std::vector<int> cpus{};           ///< those whose own counters are read
  /// Of this process: the processors of its affinity mask.
  static MonitoredSystem of_this_process();
};

/// Counters that come from one place. Reading allocates nothing once every thread of the process has been
/// seen. Used by one thread.
class CounterSource {
 public:
  virtual ~CounterSource() = default;
  /// Those that this system has: always the same, in the order of their values. None: leave the source out.
  [[nodiscard]] virtual std::vector<Counter> counters() const = 0;
  /// Writes the value of each counter; one that cannot be read (any more) keeps the value that it has there.
  virtual void read(std::span<std::int64_t> values) = 0;
};

/// One file a source. Each looks for its counters below system.root.
std::unique_ptr<CounterSource> process_usage_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> thread_scheduling_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> processor_time_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> pressure_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> cgroup_throttling_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> thermal_throttling_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> frequency_source(const MonitoredSystem& system);

}  // namespace bv2
