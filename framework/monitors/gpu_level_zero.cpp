// Intel's Level Zero Sysman, by its public specification (1.5 and later: zesInit).
#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "base/clock.h"
#include "framework/monitors/gpu_library.h"
#include "framework/monitors/gpu_throttle.h"

namespace bv2 {
namespace {

using Result = int;    // ze_result_t
using Handle = void*;  // of drivers, devices and their parts

constexpr Result success = 0;
constexpr Result unsupported_feature = 0x78000003;
constexpr std::uint32_t graphics_domain = 0;  // ZES_FREQ_DOMAIN_GPU
constexpr std::uint32_t memory_domain = 1;    // ZES_FREQ_DOMAIN_MEMORY
constexpr std::uint32_t all_engines = 0;      // ZES_ENGINE_GROUP_ALL
constexpr std::uint32_t sensor_of_gpu = 1;    // ZES_TEMP_SENSORS_GPU
constexpr std::uint32_t sensor_of_all = 0;    // ZES_TEMP_SENSORS_GLOBAL

/// What all of its structures begin with.
struct Header {
  std::uint32_t type = 0;
  void* next = nullptr;
};
struct CoreProperties {  // ze_device_properties_t
  Header header{.type = 0x3};
  std::uint32_t kind_to_core_clock[6]{};
  std::uint64_t most_memory = 0;
  std::uint32_t contexts_to_slices[7]{};
  std::uint64_t timer_resolution = 0;
  std::uint32_t timestamp_bits[2]{};
  std::uint8_t uuid[16]{};
  char name[256]{};
};
struct DeviceProperties {  // zes_device_properties_t
  Header header{.type = 0x1};
  CoreProperties core;
  std::uint32_t subdevices = 0;
  char serial[64]{}, board[64]{}, brand[64]{}, model[64]{}, vendor[64]{}, driver[64]{};
};
/// The part that properties of frequencies, engines and temperature sensors begin with; larger than any.
struct PartProperties {
  Header header;
  std::uint32_t kind = 0;
  std::uint8_t others[256]{};
};
struct FrequencyState {  // zes_freq_state_t: MHz
  Header header{.type = 0x1b};
  double voltage = 0, request = 0, tdp = 0, efficient = 0, actual = 0;
  std::uint32_t throttle_reasons = 0;
};
struct MemoryState {  // zes_mem_state_t
  Header header{.type = 0x1e};
  std::uint32_t health = 0;
  std::uint64_t free_bytes = 0, size_bytes = 0;
};
struct Counter64 {  // zes_power_energy_counter_t (µJ), zes_engine_stats_t (µs that it was active)
  std::uint64_t value = 0, timestamp_us = 0;
};
constexpr std::uint32_t engine_properties = 0x5;
constexpr std::uint32_t frequency_properties = 0x9;
constexpr std::uint32_t temperature_properties = 0x14;

/// zes_freq_throttle_reason_flag_t
struct Reason {
  std::uint32_t bits;
  GpuThrottle reason;
};
constexpr std::array reasons{
    Reason{0x003, GpuThrottle::power_limit},    // AVE_PWR_CAP, BURST_PWR_CAP
    Reason{0x004, GpuThrottle::current_limit},  // CURRENT_LIMIT
    Reason{0x008, GpuThrottle::thermal},        // THERMAL_LIMIT
    Reason{0x010, GpuThrottle::hardware},       // PSU_ALERT
    Reason{0x020, GpuThrottle::set_clocks},     // SW_RANGE
    Reason{0x040, GpuThrottle::hardware},       // HW_RANGE
    Reason{0x080, GpuThrottle::voltage},        // VOLTAGE
    Reason{0x100, GpuThrottle::thermal},        // THERMAL
    Reason{0x200, GpuThrottle::power_limit},    // POWER
    Reason{~0x3ffU, GpuThrottle::other},
};

using Enumerate = Result(Handle, std::uint32_t*, Handle*);
using GetProperties = Result(Handle, PartProperties*);

/// The parts of a device that are read; null: it has none.
struct Parts {
  Handle device = nullptr;
  Handle engine = nullptr;
  Handle power = nullptr;
  Handle graphics_clock = nullptr;
  Handle memory_clock = nullptr;
  Handle temperature = nullptr;
  std::vector<Handle> memories{};
  AverageRate power_rate{};
  std::optional<Counter64> last_activity{};
};

class LevelZero final : public GpuLibrary {
 public:
  explicit LevelZero(SharedLibrary library) : library_(std::move(library)) {
    check("zesInit", needed_function<Result(std::uint32_t)>(library_, "zesInit")(0));
    const auto get_drivers = needed_function<Result(std::uint32_t*, Handle*)>(library_, "zesDriverGet");
    std::uint32_t count = 0;
    check("zesDriverGet", get_drivers(&count, nullptr));
    std::vector<Handle> drivers(count);
    check("zesDriverGet", get_drivers(&count, drivers.data()));
    const auto get_devices = needed_function<Enumerate>(library_, "zesDeviceGet");
    for (Handle driver : drivers) {
      for (Handle device : all_of(get_devices, driver)) {
        devices_.push_back(describe(device, devices_.size()));
        parts_.push_back(parts_of(device));
        add_memory_size();
      }
    }
    if (devices_.empty()) fail("it has no devices");
  }

  [[nodiscard]] const std::vector<MonitoredDevice>& devices() const override { return devices_; }

  void read(std::size_t device, GpuReading& reading) override {
    Parts& parts = parts_[device];
    read_activity(parts, reading);
    read_memory(parts, reading);
    read_energy(parts, reading);
    FrequencyState state;
    if (ask(reading, GpuCounter::clock, frequency_state_, parts.graphics_clock, &state)) {
      reading.set(GpuCounter::clock, state.actual);
      set_throttle(state.throttle_reasons, reading);
    } else {
      reading.fail(GpuCounter::throttle, reading.problem(GpuCounter::clock),
                   reading.for_good(GpuCounter::clock));
    }
    state = FrequencyState();
    if (ask(reading, GpuCounter::memory_clock, frequency_state_, parts.memory_clock, &state)) {
      reading.set(GpuCounter::memory_clock, state.actual);
    }
    if (double celsius = 0;
        ask(reading, GpuCounter::temperature, temperature_state_, parts.temperature, &celsius)) {
      reading.set(GpuCounter::temperature, celsius);
    }
  }

 private:
  template <class Signature, class... Arguments>
  bool ask(GpuReading& reading, GpuCounter counter, const NamedFunction<Signature>& function, Handle part,
           Arguments... arguments) const {
    if (function.call == nullptr) {
      reading.fail(counter, fmt::format("the driver has no {}", function.name), true);
      return false;
    }
    if (part == nullptr) {
      reading.fail(counter, fmt::format("the device has no part for {}", function.name), true);
      return false;
    }
    const Result result = function.call(part, arguments...);
    if (result == success) return true;
    reading.fail(counter, fmt::format("{}: error {:#x}", function.name, result),
                 result == unsupported_feature);
    return false;
  }

  void read_activity(Parts& parts, GpuReading& reading) const {
    Counter64 now;
    if (!ask(reading, GpuCounter::utilization, activity_, parts.engine, &now)) return;
    const std::optional<Counter64> last = std::exchange(parts.last_activity, now);
    if (last && now.timestamp_us > last->timestamp_us && now.value >= last->value) {
      // The two are not read at the same instant: a busy device may come out just above 100.
      const double share = static_cast<double>(now.value - last->value) /
                           static_cast<double>(now.timestamp_us - last->timestamp_us);
      reading.set(GpuCounter::utilization, std::min(share * 100, 100.0));
    } else {
      reading.fail(GpuCounter::utilization, "it follows from two readings of the activity");
    }
  }

  void read_memory(const Parts& parts, GpuReading& reading) const {
    double used = 0;
    Handle first = parts.memories.empty() ? nullptr : parts.memories.front();
    MemoryState state;
    if (!ask(reading, GpuCounter::memory, memory_state_, first, &state)) return;
    for (Handle memory : parts.memories) {
      state = MemoryState();
      if (!ask(reading, GpuCounter::memory, memory_state_, memory, &state)) return;
      used += static_cast<double>(state.size_bytes) - static_cast<double>(state.free_bytes);
    }
    reading.set(GpuCounter::memory, used);
  }

  void read_energy(Parts& parts, GpuReading& reading) {
    Counter64 energy;
    if (!ask(reading, GpuCounter::energy, energy_, parts.power, &energy)) {
      return reading.fail(GpuCounter::power, reading.problem(GpuCounter::energy),
                          reading.for_good(GpuCounter::energy));
    }
    reading.set(GpuCounter::energy, static_cast<double>(energy.value));
    const auto uj_per_ns = parts.power_rate.since_last(static_cast<double>(energy.value), monotonic_now_ns());
    if (uj_per_ns) {
      reading.set(GpuCounter::power, *uj_per_ns, 1e6);  // µJ/ns = kW, in mW
    } else {
      reading.fail(GpuCounter::power, "it follows from two readings of the energy");
    }
  }

  static void set_throttle(std::uint32_t bits, GpuReading& reading) {
    std::int64_t ours = 0;
    for (const Reason& reason : reasons) {
      if ((bits & reason.bits) != 0) ours |= throttle_bit(reason.reason);
    }
    reading.set(GpuCounter::throttle, static_cast<double>(ours));
  }

  static void check(const char* name, Result result) {
    if (result != success) fail("{}: error {:#x}", name, result);
  }

  /// What a function enumerates below a handle; none where it fails, or is not there.
  static std::vector<Handle> all_of(Enumerate* enumerate, Handle of) {
    std::uint32_t count = 0;
    if (enumerate == nullptr || enumerate(of, &count, nullptr) != success) return {};
    std::vector<Handle> found(count);
    if (enumerate(of, &count, found.data()) != success) return {};
    found.resize(std::min<std::size_t>(found.size(), count));
    return found;
  }

  /// The first of one of those kinds, in their order.
  Handle part_of_kind(const char* enumerate, const char* properties, std::uint32_t properties_type,
                      Handle device, std::initializer_list<std::uint32_t> kinds) const {
    auto* get = library_.function<GetProperties>(properties);
    const std::vector<Handle> parts = all_of(library_.function<Enumerate>(enumerate), device);
    if (get == nullptr) return nullptr;
    for (const std::uint32_t kind : kinds) {
      for (Handle part : parts) {
        PartProperties found{.header = {.type = properties_type}};
        if (get(part, &found) == success && found.kind == kind) return part;
      }
    }
    return nullptr;
  }

  [[nodiscard]] Parts parts_of(Handle device) const {
    Parts parts{.device = device};
    parts.engine = part_of_kind("zesDeviceEnumEngineGroups", "zesEngineGetProperties", engine_properties,
                                device, {all_engines});
    parts.graphics_clock = part_of_kind("zesDeviceEnumFrequencyDomains", "zesFrequencyGetProperties",
                                        frequency_properties, device, {graphics_domain});
    parts.memory_clock = part_of_kind("zesDeviceEnumFrequencyDomains", "zesFrequencyGetProperties",
                                      frequency_properties, device, {memory_domain});
    parts.temperature = part_of_kind("zesDeviceEnumTemperatureSensors", "zesTemperatureGetProperties",
                                     temperature_properties, device, {sensor_of_gpu, sensor_of_all});
    parts.memories = all_of(library_.function<Enumerate>("zesDeviceEnumMemoryModules"), device);
    // Of the whole card where it has that, else of its first domain.
    auto* card = library_.function<Result(Handle, Handle*)>("zesDeviceGetCardPowerDomain");
    if (card == nullptr || card(device, &parts.power) != success) {
      const auto domains = all_of(library_.function<Enumerate>("zesDeviceEnumPowerDomains"), device);
      parts.power = domains.empty() ? nullptr : domains.front();
    }
    return parts;
  }

  [[nodiscard]] MonitoredDevice describe(Handle device, std::size_t number) const {
    MonitoredDevice found{.id = fmt::format("intel-{}", number), .name = {}, .vendor = "Intel", .driver = {}};
    auto* get = library_.function<Result(Handle, DeviceProperties*)>("zesDeviceGetProperties");
    DeviceProperties properties;
    if (get == nullptr || get(device, &properties) != success) return found;
    std::string id;
    for (std::size_t i = 0; i < sizeof properties.core.uuid; ++i) {
      const bool dash = i == 4 || i == 6 || i == 8 || i == 10;
      id += fmt::format("{}{:02x}", dash ? "-" : "", properties.core.uuid[i]);
    }
    found.id = id;
    found.name.assign(properties.model, ::strnlen(properties.model, sizeof properties.model));
    found.driver.assign(properties.driver, ::strnlen(properties.driver, sizeof properties.driver));
    return found;
  }

  void add_memory_size() {
    std::int64_t bytes = 0;
    for (Handle memory : parts_.back().memories) {
      MemoryState state;
      if (memory_state_.call == nullptr || memory_state_.call(memory, &state) != success) return;
      bytes += static_cast<std::int64_t>(state.size_bytes);
    }
    if (bytes > 0) devices_.back().memory_total_bytes = bytes;
  }

  SharedLibrary library_;
  NamedFunction<Result(Handle, Counter64*)> activity_{library_, "zesEngineGetActivity"};
  NamedFunction<Result(Handle, MemoryState*)> memory_state_{library_, "zesMemoryGetState"};
  NamedFunction<Result(Handle, Counter64*)> energy_{library_, "zesPowerGetEnergyCounter"};
  NamedFunction<Result(Handle, FrequencyState*)> frequency_state_{library_, "zesFrequencyGetState"};
  NamedFunction<Result(Handle, double*)> temperature_state_{library_, "zesTemperatureGetState"};
  std::vector<Parts> parts_;
  std::vector<MonitoredDevice> devices_;
};

}  // namespace

std::unique_ptr<GpuLibrary> open_level_zero(SharedLibrary library) {
  return std::make_unique<LevelZero>(std::move(library));
}

}  // namespace bv2
