// The interface between the GPU monitor and the vendors' libraries, which are opened at run time.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/shared_library.h"
#include "framework/monitors/counter_names.h"
#include "framework/monitors/counter_source.h"

namespace bv2 {

/// In the order of a reading.
enum class GpuCounter { utilization, memory, power, energy, clock, memory_clock, temperature, throttle };

struct GpuCounterRow {
  std::string_view name;
  CounterKind kind;
  std::int64_t most;  ///< what is above it cannot be: a driver's way to say that it does not know
};
/// By GpuCounter.
inline constexpr std::array<GpuCounterRow, 8> gpu_counters{{
    {gpu_utilization_counter, CounterKind::level, 100},
    {gpu_memory_counter, CounterKind::level, std::int64_t{1} << 50U},
    {gpu_power_counter, CounterKind::level, 1'000'000'000},
    {gpu_energy_counter, CounterKind::total, std::int64_t{1} << 62U},
    {gpu_clock_counter, CounterKind::level, 1'000'000},
    {gpu_memory_clock_counter, CounterKind::level, 1'000'000},
    {gpu_temperature_counter, CounterKind::level, 1'000},
    {gpu_throttle_counter, CounterKind::level, std::int64_t{1} << 62U},
}};

/// One device at one time.
class GpuReading {
 public:
  GpuReading() { clear(); }
  void clear();

  /// `value` * `scale`, unless that is no possible value of the counter.
  void set(GpuCounter counter, double value, double scale = 1);
  /// It could not be read now; `for_good`: nor will it ever be, with this driver and device.
  void fail(GpuCounter counter, std::string why, bool for_good = false);

  [[nodiscard]] std::int64_t value(GpuCounter counter) const { return values_[index(counter)]; }
  [[nodiscard]] const std::string& problem(GpuCounter counter) const { return problems_[index(counter)]; }
  [[nodiscard]] bool for_good(GpuCounter counter) const { return for_good_[index(counter)]; }

 private:
  static std::size_t index(GpuCounter counter) { return static_cast<std::size_t>(counter); }
  std::array<std::int64_t, gpu_counters.size()> values_{};
  std::array<std::string, gpu_counters.size()> problems_;
  std::array<bool, gpu_counters.size()> for_good_{};
};

/// The devices of one vendor. Used by one thread.
class GpuLibrary {
 public:
  virtual ~GpuLibrary() = default;
  [[nodiscard]] virtual const std::vector<MonitoredDevice>& devices() const = 0;
  /// Fills a reading that is clear: each counter has a value or says why not.
  virtual void read(std::size_t device, GpuReading& reading) = 0;
};

/// What grows, over the time in which it did: the average since the last call.
class AverageRate {
 public:
  /// Per nanosecond; nothing at first, and while no time passes.
  std::optional<double> since_last(double total, std::int64_t now_ns);

 private:
  std::optional<double> total_;
  std::int64_t time_ns_ = 0;
};

/// One file a library. Each throws Error with a line that says why it has no devices.
std::unique_ptr<GpuLibrary> open_nvml(SharedLibrary library);
std::unique_ptr<GpuLibrary> open_amd_smi(SharedLibrary library);
std::unique_ptr<GpuLibrary> open_rocm_smi(SharedLibrary library);
std::unique_ptr<GpuLibrary> open_level_zero(SharedLibrary library);

/// A function that nothing works without. Throws Error.
template <class Function>
Function* needed_function(const SharedLibrary& library, const char* name) {
  auto* found = library.function<Function>(name);
  if (found == nullptr) fail("the library is too old or of another kind: it has no {}", name);
  return found;
}

/// A function with its name, which an older library may lack.
template <class Signature>
struct NamedFunction {
  const char* name = nullptr;
  Signature* call = nullptr;
  NamedFunction(const SharedLibrary& library, const char* function_name)
      : name(function_name), call(library.function<Signature>(function_name)) {}
};

}  // namespace bv2
