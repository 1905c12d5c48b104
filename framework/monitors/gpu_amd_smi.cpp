// AMD's system management interface (AMD SMI), by its public documentation. Of its structures only the parts
// are used that all versions agree on: amdsmi_power_info_t and amdsmi_frequencies_t have changed between
// them.
#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "framework/monitors/gpu_amd.h"

namespace bv2 {
namespace {

using Handle = void*;  // amdsmi_socket_handle, amdsmi_processor_handle

constexpr std::uint64_t init_gpus = 1U << 1U;  // AMDSMI_INIT_AMD_GPUS
constexpr int memory_of_device = 0;            // AMDSMI_MEM_TYPE_VRAM
constexpr int clock_of_graphics = 0;           // AMDSMI_CLK_TYPE_SYS, _GFX
constexpr int clock_of_memory = 4;             // AMDSMI_CLK_TYPE_MEM
constexpr int sensor_of_edge = 0;              // AMDSMI_TEMPERATURE_TYPE_EDGE
constexpr int sensor_of_hotspot = 1;           // AMDSMI_TEMPERATURE_TYPE_HOTSPOT: all that some have
constexpr int current_temperature = 0;         // AMDSMI_TEMP_CURRENT

struct EngineUsage {  // amdsmi_engine_usage_t: percent
  std::uint32_t graphics, memory, media, reserved[13];
};
struct ClockInfo {  // amdsmi_clk_info_t: its first number is the clock in MHz
  std::uint32_t clock;
  std::uint32_t others[31];
};
/// Structures that begin with a text of up to 256 bytes: amdsmi_asic_info_t (the product's name) and
/// amdsmi_driver_info_t (its version). Larger than either has been.
struct TextFirst {
  char text[256];
  char others[4096];
};

class AmdSmi final : public GpuLibrary {
 public:
  explicit AmdSmi(SharedLibrary library) : library_(std::move(library)) {
    check("amdsmi_init", needed_function<AmdResult(std::uint64_t)>(library_, "amdsmi_init")(init_gpus));
    const auto get_sockets =
        needed_function<AmdResult(std::uint32_t*, Handle*)>(library_, "amdsmi_get_socket_handles");
    std::uint32_t count = 0;
    check("amdsmi_get_socket_handles", get_sockets(&count, nullptr));
    std::vector<Handle> sockets(count);
    check("amdsmi_get_socket_handles", get_sockets(&count, sockets.data()));
    sockets.resize(std::min<std::size_t>(sockets.size(), count));
    for (Handle socket : sockets) add_devices_of(socket);
    if (devices_.empty()) fail("it has no devices");
    power_rates_.resize(devices_.size());
  }
  ~AmdSmi() override {
    if (auto* shut_down = library_.function<AmdResult()>("amdsmi_shut_down")) shut_down();
  }
  AmdSmi(const AmdSmi&) = delete;
  AmdSmi& operator=(const AmdSmi&) = delete;

  [[nodiscard]] const std::vector<MonitoredDevice>& devices() const override { return devices_; }

  void read(std::size_t device, GpuReading& reading) override {
    const Handle handle = handles_[device];
    if (EngineUsage usage{}; ask_amd(reading, GpuCounter::utilization, activity_, handle, &usage)) {
      set_known(reading, GpuCounter::utilization, usage.graphics);
    }
    if (std::uint64_t bytes = 0;
        ask_amd(reading, GpuCounter::memory, memory_used_, handle, memory_of_device, &bytes)) {
      set_known(reading, GpuCounter::memory, bytes);
    }
    read_energy(device, reading);
    read_clock(handle, GpuCounter::clock, clock_of_graphics, reading);
    read_clock(handle, GpuCounter::memory_clock, clock_of_memory, reading);
    read_temperature(handle, reading);
    reading.fail(GpuCounter::throttle, "AMD SMI's versions do not agree on how they tell it", true);
  }

 private:
  void add_devices_of(Handle socket) {
    const auto get =
        needed_function<AmdResult(Handle, std::uint32_t*, Handle*)>(library_, "amdsmi_get_processor_handles");
    std::uint32_t count = 0;
    check("amdsmi_get_processor_handles", get(socket, &count, nullptr));
    std::vector<Handle> handles(count);
    check("amdsmi_get_processor_handles", get(socket, &count, handles.data()));
    handles.resize(std::min<std::size_t>(handles.size(), count));
    for (Handle handle : handles) {
      devices_.push_back(describe(handle, devices_.size()));
      handles_.push_back(handle);
    }
  }

  /// The counter, and the average power since the reading before, which follows from it.
  void read_energy(std::size_t device, GpuReading& reading) {
    std::uint64_t count = 0;
    float resolution_uj = 0;
    std::uint64_t device_time = 0;
    if (!ask_amd(reading, GpuCounter::energy, energy_, handles_[device], &count, &resolution_uj,
                 &device_time)) {
      reading.fail(GpuCounter::power, reading.problem(GpuCounter::energy),
                   reading.for_good(GpuCounter::energy));
      return;
    }
    set_known(reading, GpuCounter::energy, count, static_cast<double>(resolution_uj));
    if (reading.value(GpuCounter::energy) == not_read) {
      return reading.fail(GpuCounter::power, reading.problem(GpuCounter::energy),
                          reading.for_good(GpuCounter::energy));
    }
    const double energy_uj = static_cast<double>(reading.value(GpuCounter::energy));
    const auto uj_per_ns = power_rates_[device].since_last(energy_uj, monotonic_now_ns());
    if (uj_per_ns) {
      reading.set(GpuCounter::power, *uj_per_ns, 1e6);  // µJ/ns = kW, in mW
    } else {
      reading.fail(GpuCounter::power, "it follows from two readings of the energy");
    }
  }

  void read_clock(Handle handle, GpuCounter counter, int which, GpuReading& reading) {
    if (ClockInfo info{}; ask_amd(reading, counter, clock_, handle, which, &info)) {
      set_known(reading, counter, info.clock);
    }
  }

  void read_temperature(Handle handle, GpuReading& reading) {
    std::int64_t celsius = 0;
    for (const int sensor : {sensor_of_edge, sensor_of_hotspot}) {
      if (ask_amd(reading, GpuCounter::temperature, temperature_, handle, sensor, current_temperature,
                  &celsius)) {
        reading.fail(GpuCounter::temperature, {});
        return reading.set(GpuCounter::temperature, static_cast<double>(celsius));
      }
    }
  }

  static void check(const char* name, AmdResult result) {
    if (result != amd_success) fail("{}: error {}", name, result);
  }

  [[nodiscard]] MonitoredDevice describe(Handle handle, std::size_t number) const {
    MonitoredDevice found{.id = fmt::format("amd-{}", number), .name = {}, .vendor = "AMD", .driver = {}};
    std::array<char, 64> uuid{};
    unsigned length = uuid.size() - 1;
    if (uuid_.call != nullptr && uuid_.call(handle, &length, uuid.data()) == amd_success && uuid[0] != '\0') {
      found.id = uuid.data();
    }
    found.name = first_text(product_, handle);
    found.driver = first_text(driver_, handle);
    std::uint64_t bytes = 0;
    if (memory_total_.call != nullptr &&
        memory_total_.call(handle, memory_of_device, &bytes) == amd_success) {
      found.memory_total_bytes = static_cast<std::int64_t>(bytes);
    }
    return found;
  }

  static std::string first_text(const NamedFunction<AmdResult(Handle, TextFirst*)>& function, Handle handle) {
    TextFirst info{};
    if (function.call == nullptr || function.call(handle, &info) != amd_success) return {};
    return {info.text, ::strnlen(info.text, sizeof info.text)};
  }

  SharedLibrary library_;
  NamedFunction<AmdResult(Handle, unsigned*, char*)> uuid_{library_, "amdsmi_get_gpu_device_uuid"};
  NamedFunction<AmdResult(Handle, TextFirst*)> product_{library_, "amdsmi_get_gpu_asic_info"};
  NamedFunction<AmdResult(Handle, TextFirst*)> driver_{library_, "amdsmi_get_gpu_driver_info"};
  NamedFunction<AmdResult(Handle, EngineUsage*)> activity_{library_, "amdsmi_get_gpu_activity"};
  NamedFunction<AmdResult(Handle, int, std::uint64_t*)> memory_used_{library_, "amdsmi_get_gpu_memory_usage"};
  NamedFunction<AmdResult(Handle, int, std::uint64_t*)> memory_total_{library_,
                                                                      "amdsmi_get_gpu_memory_total"};
  NamedFunction<AmdResult(Handle, std::uint64_t*, float*, std::uint64_t*)> energy_{library_,
                                                                                   "amdsmi_get_energy_count"};
  NamedFunction<AmdResult(Handle, int, ClockInfo*)> clock_{library_, "amdsmi_get_clock_info"};
  NamedFunction<AmdResult(Handle, int, int, std::int64_t*)> temperature_{library_, "amdsmi_get_temp_metric"};
  std::vector<Handle> handles_;
  std::vector<MonitoredDevice> devices_;
  std::vector<AverageRate> power_rates_;
};

}  // namespace

std::unique_ptr<GpuLibrary> open_amd_smi(SharedLibrary library) {
  return std::make_unique<AmdSmi>(std::move(library));
}

}  // namespace bv2
