// NVIDIA's management library (NVML), by its public documentation.
#include "framework/monitors/gpu_library.h"
#include "framework/monitors/gpu_throttle.h"

namespace bv2 {
namespace {

struct DeviceHandle;  // opaque
using Device = DeviceHandle*;
using Result = int;  // nvmlReturn_t

constexpr Result success = 0;
constexpr Result not_supported = 3;
constexpr Result function_not_found = 13;
constexpr unsigned clock_of_sm = 1;      // NVML_CLOCK_SM
constexpr unsigned clock_of_memory = 2;  // NVML_CLOCK_MEM
constexpr unsigned sensor_of_gpu = 0;    // NVML_TEMPERATURE_GPU
constexpr unsigned text_bytes = 96;      // the longest that any of its texts is documented with

struct Memory {  // nvmlMemory_t: bytes
  unsigned long long total, free, used;
};
struct Utilization {  // nvmlUtilization_t: percent of the last period of 1/6 to 1 s
  unsigned gpu, memory;
};

/// nvmlClocksThrottleReasons*, in newer headers nvmlClocksEventReasons*.
struct Reason {
  unsigned long long bits;
  GpuThrottle reason;
};
constexpr std::array reasons{
    Reason{0x001, GpuThrottle::idle},         // GpuIdle
    Reason{0x002, GpuThrottle::set_clocks},   // ApplicationsClocksSetting
    Reason{0x004, GpuThrottle::power_limit},  // SwPowerCap
    Reason{0x008, GpuThrottle::hardware},     // HwSlowdown
    Reason{0x010, GpuThrottle::other},        // SyncBoost
    Reason{0x020, GpuThrottle::thermal},      // SwThermalSlowdown
    Reason{0x040, GpuThrottle::thermal},      // HwThermalSlowdown
    Reason{0x080, GpuThrottle::power_limit},  // HwPowerBrakeSlowdown
    Reason{0x100, GpuThrottle::set_clocks},   // DisplayClockSetting
    Reason{~0x1ffULL, GpuThrottle::other},
};

class Nvml final : public GpuLibrary {
 public:
  explicit Nvml(SharedLibrary library) : library_(std::move(library)) {
    check("nvmlInit_v2", needed_function<Result()>(library_, "nvmlInit_v2")());
    unsigned count = 0;
    check("nvmlDeviceGetCount_v2",
          needed_function<Result(unsigned*)>(library_, "nvmlDeviceGetCount_v2")(&count));
    const auto get_handle =
        needed_function<Result(unsigned, Device*)>(library_, "nvmlDeviceGetHandleByIndex_v2");
    std::string why = "it has no devices";
    for (unsigned i = 0; i < count; ++i) {
      Device device = nullptr;
      const Result result = get_handle(i, &device);
      if (result != success) {
        why = "nvmlDeviceGetHandleByIndex_v2: " + text_of(result);
        continue;  // one that is lost takes no others with it
      }
      handles_.push_back(device);
      devices_.push_back(describe(device, i));
    }
    if (devices_.empty()) fail("{}", why);
  }
  ~Nvml() override {
    if (auto* shutdown = library_.function<Result()>("nvmlShutdown")) shutdown();
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  [[nodiscard]] const std::vector<MonitoredDevice>& devices() const override { return devices_; }

  void read(std::size_t device, GpuReading& reading) override {
    const Device handle = handles_[device];
    if (Utilization rates{}; ask(reading, GpuCounter::utilization, utilization_, handle, &rates)) {
      reading.set(GpuCounter::utilization, rates.gpu);
    }
    if (Memory memory{}; ask(reading, GpuCounter::memory, memory_, handle, &memory)) {
      reading.set(GpuCounter::memory, static_cast<double>(memory.used));
    }
    if (unsigned milliwatts = 0; ask(reading, GpuCounter::power, power_, handle, &milliwatts)) {
      reading.set(GpuCounter::power, milliwatts);
    }
    if (unsigned long long millijoules = 0; ask(reading, GpuCounter::energy, energy_, handle, &millijoules)) {
      reading.set(GpuCounter::energy, static_cast<double>(millijoules), 1000);
    }
    if (unsigned mhz = 0; ask(reading, GpuCounter::clock, clock_, handle, clock_of_sm, &mhz)) {
      reading.set(GpuCounter::clock, mhz);
    }
    if (unsigned mhz = 0; ask(reading, GpuCounter::memory_clock, clock_, handle, clock_of_memory, &mhz)) {
      reading.set(GpuCounter::memory_clock, mhz);
    }
    if (unsigned celsius = 0;
        ask(reading, GpuCounter::temperature, temperature_, handle, sensor_of_gpu, &celsius)) {
      reading.set(GpuCounter::temperature, celsius);
    }
    const auto& throttle = event_reasons_.call != nullptr ? event_reasons_ : throttle_reasons_;
    if (unsigned long long bits = 0; ask(reading, GpuCounter::throttle, throttle, handle, &bits)) {
      std::int64_t ours = 0;
      for (const Reason& reason : reasons) {
        if ((bits & reason.bits) != 0) ours |= throttle_bit(reason.reason);
      }
      reading.set(GpuCounter::throttle, static_cast<double>(ours));
    }
  }

 private:
  template <class Signature, class... Arguments>
  bool ask(GpuReading& reading, GpuCounter counter, const NamedFunction<Signature>& function,
           Arguments... arguments) const {
    if (function.call == nullptr) {
      reading.fail(counter, fmt::format("the driver has no {}", function.name), true);
      return false;
    }
    const Result result = function.call(arguments...);
    if (result == success) return true;
    reading.fail(counter, fmt::format("{}: {}", function.name, text_of(result)),
                 result == not_supported || result == function_not_found);
    return false;
  }

  [[nodiscard]] std::string text_of(Result result) const {
    const char* text = error_string_.call == nullptr ? nullptr : error_string_.call(result);
    return text == nullptr ? fmt::format("error {}", result) : fmt::format("{} ({})", text, result);
  }
  void check(const char* name, Result result) const {
    if (result != success) fail("{}: {}", name, text_of(result));
  }

  [[nodiscard]] MonitoredDevice describe(Device device, unsigned number) const {
    MonitoredDevice found{
        .id = fmt::format("nvidia-{}", number), .name = {}, .vendor = "NVIDIA", .driver = {}};
    std::array<char, text_bytes> text{};
    const auto filled = [&](auto&& asked) {
      return asked == success ? std::string(text.data()) : std::string();
    };
    if (uuid_.call != nullptr) {
      const std::string uuid = filled(uuid_.call(device, text.data(), text_bytes - 1));
      if (!uuid.empty()) found.id = uuid;
    }
    if (name_.call != nullptr) found.name = filled(name_.call(device, text.data(), text_bytes - 1));
    if (version_.call != nullptr) found.driver = filled(version_.call(text.data(), text_bytes - 1));
    Memory memory{};
    if (memory_.call != nullptr && memory_.call(device, &memory) == success) {
      found.memory_total_bytes = static_cast<std::int64_t>(memory.total);
    }
    return found;
  }

  SharedLibrary library_;
  NamedFunction<const char*(Result)> error_string_{library_, "nvmlErrorString"};
  NamedFunction<Result(Device, char*, unsigned)> uuid_{library_, "nvmlDeviceGetUUID"};
  NamedFunction<Result(Device, char*, unsigned)> name_{library_, "nvmlDeviceGetName"};
  NamedFunction<Result(char*, unsigned)> version_{library_, "nvmlSystemGetDriverVersion"};
  NamedFunction<Result(Device, Utilization*)> utilization_{library_, "nvmlDeviceGetUtilizationRates"};
  NamedFunction<Result(Device, Memory*)> memory_{library_, "nvmlDeviceGetMemoryInfo"};
  NamedFunction<Result(Device, unsigned*)> power_{library_, "nvmlDeviceGetPowerUsage"};
  NamedFunction<Result(Device, unsigned long long*)> energy_{library_, "nvmlDeviceGetTotalEnergyConsumption"};
  NamedFunction<Result(Device, unsigned, unsigned*)> clock_{library_, "nvmlDeviceGetClockInfo"};
  NamedFunction<Result(Device, unsigned, unsigned*)> temperature_{library_, "nvmlDeviceGetTemperature"};
  NamedFunction<Result(Device, unsigned long long*)> event_reasons_{library_,
                                                                    "nvmlDeviceGetCurrentClocksEventReasons"};
  NamedFunction<Result(Device, unsigned long long*)> throttle_reasons_{
      library_, "nvmlDeviceGetCurrentClocksThrottleReasons"};
  std::vector<Device> handles_;
  std::vector<MonitoredDevice> devices_;
};

}  // namespace

std::unique_ptr<GpuLibrary> open_nvml(SharedLibrary library) {
  return std::make_unique<Nvml>(std::move(library));
}

}  // namespace bv2
