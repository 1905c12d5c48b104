// The interface of the monitors: counters of the system that are read at the edges of an iteration, or again
// and again beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

struct perf_event_attr;

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
  std::string device{};  ///< of several that have the same counters: which one
};

/// In place of a value that could not be read.
inline constexpr std::int64_t not_read = std::numeric_limits<std::int64_t>::min();

/// A device that a monitor watches.
struct MonitoredDevice {
  std::string id;      ///< its UUID where it has one
  std::string name;    ///< of the product
  std::string vendor;  ///< NVIDIA, AMD, Intel
  std::string driver;  ///< its version; empty where it does not say
  std::optional<std::int64_t> memory_total_bytes{};
  NamedValues<std::string> unsupported{};  ///< counters that it does not have, and why
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("id", self.id);
    visit("name", self.name);
    visit("vendor", self.vendor);
    visit("driver", self.driver);
    visit("memory_total_bytes", self.memory_total_bytes);
    visit("unsupported", self.unsupported);
  }
};

/// The system that is watched; tests put a tree, a kernel and device libraries of their own here.
struct MonitoredSystem {
  std::filesystem::path root = "/";  ///< where /proc and /sys are
  std::vector<int> cpus{};           ///< those whose own counters are read
  /// perf_event_open(2) of a thread on any processor: a descriptor, or -1 with errno. None: the kernel's.
  std::function<int(const perf_event_attr& attributes, int thread)> open_perf_event{};
  /// In place of a device library's usual file names: "nvml" -> a path. A library that is not named here is
  /// then not looked for. None: the usual ones.
  std::optional<std::map<std::string, std::string>> device_libraries{};
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
  /// Why there are none, in words.
  [[nodiscard]] virtual std::string unavailable_reason() const {
    return "the system has no such counters here";
  }
  /// Before an interval's first read: for what is only counted since a reset.
  virtual void begin_interval() {}
  /// Writes the value of each counter; one that cannot be read (any more) keeps the value that it has there,
  /// or becomes not_read.
  virtual void read(std::span<std::int64_t> values) = 0;
  /// Of sources that watch devices.
  [[nodiscard]] virtual std::vector<MonitoredDevice> devices() const { return {}; }
  /// What could not be read at the last reading, of each counter; empty: nothing, of any.
  [[nodiscard]] virtual std::span<const std::string> problems() const { return {}; }
};

/// One file a source. Each looks for its counters below system.root.
std::unique_ptr<CounterSource> process_usage_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> thread_scheduling_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> processor_time_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> pressure_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> cgroup_throttling_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> thermal_throttling_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> frequency_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> memory_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> hardware_counters_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> energy_source(const MonitoredSystem& system);
std::unique_ptr<CounterSource> gpu_source(const MonitoredSystem& system);

}  // namespace bv2
