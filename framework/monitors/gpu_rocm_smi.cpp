// AMD's older management library (ROCm SMI), by its public documentation.
#include "framework/monitors/gpu_amd.h"

namespace bv2 {
namespace {

constexpr int memory_of_device = 0;        // RSMI_MEM_TYPE_VRAM
constexpr std::uint32_t first_sensor = 0;  // of power; of temperature the edge
constexpr int current_temperature = 0;     // RSMI_TEMP_CURRENT
constexpr std::size_t name_bytes = 128;

class RocmSmi final : public GpuLibrary {
 public:
  explicit RocmSmi(SharedLibrary library) : library_(std::move(library)) {
    check("rsmi_init", needed_function<AmdResult(std::uint64_t)>(library_, "rsmi_init")(0));
    std::uint32_t count = 0;
    check("rsmi_num_monitor_devices",
          needed_function<AmdResult(std::uint32_t*)>(library_, "rsmi_num_monitor_devices")(&count));
    for (std::uint32_t i = 0; i < count; ++i) devices_.push_back(describe(i));
    if (devices_.empty()) fail("it has no devices");
  }
  ~RocmSmi() override {
    if (auto* shut_down = library_.function<AmdResult()>("rsmi_shut_down")) shut_down();
  }
  RocmSmi(const RocmSmi&) = delete;
  RocmSmi& operator=(const RocmSmi&) = delete;

  [[nodiscard]] const std::vector<MonitoredDevice>& devices() const override { return devices_; }

  void read(std::size_t device, GpuReading& reading) override {
    const auto number = static_cast<std::uint32_t>(device);
    if (std::uint32_t percent = 0; ask_amd(reading, GpuCounter::utilization, busy_, number, &percent)) {
      set_known(reading, GpuCounter::utilization, percent);
    }
    if (std::uint64_t bytes = 0;
        ask_amd(reading, GpuCounter::memory, memory_used_, number, memory_of_device, &bytes)) {
      set_known(reading, GpuCounter::memory, bytes);
    }
    if (std::uint64_t microwatts = 0;
        ask_amd(reading, GpuCounter::power, power_, number, first_sensor, &microwatts)) {
      set_known(reading, GpuCounter::power, microwatts, 1e-3);
    }
    std::uint64_t energy = 0;
    float resolution_uj = 0;
    std::uint64_t device_time = 0;
    if (ask_amd(reading, GpuCounter::energy, energy_, number, &energy, &resolution_uj, &device_time)) {
      set_known(reading, GpuCounter::energy, energy, static_cast<double>(resolution_uj));
    }
    if (std::int64_t millicelsius = 0; ask_amd(reading, GpuCounter::temperature, temperature_, number,
                                               first_sensor, current_temperature, &millicelsius)) {
      reading.set(GpuCounter::temperature, static_cast<double>(millicelsius), 1e-3);
    }
    for (const GpuCounter counter : {GpuCounter::clock, GpuCounter::memory_clock, GpuCounter::throttle}) {
      reading.fail(counter, "ROCm SMI's versions do not agree on how they tell it", true);
    }
  }

 private:
  static void check(const char* name, AmdResult result) {
    if (result != amd_success) fail("{}: error {}", name, result);
  }

  [[nodiscard]] MonitoredDevice describe(std::uint32_t number) const {
    MonitoredDevice found{.id = fmt::format("amd-{}", number), .name = {}, .vendor = "AMD", .driver = {}};
    std::uint64_t unique = 0;
    if (unique_id_.call != nullptr && unique_id_.call(number, &unique) == amd_success) {
      found.id = fmt::format("GPU-{:016x}", unique);  // as ROCm's other tools write it
    }
    std::array<char, name_bytes> name{};
    if (name_.call != nullptr && name_.call(number, name.data(), name.size() - 1) == amd_success) {
      found.name = name.data();
    }
    std::uint64_t bytes = 0;
    if (memory_total_.call != nullptr &&
        memory_total_.call(number, memory_of_device, &bytes) == amd_success) {
      found.memory_total_bytes = static_cast<std::int64_t>(bytes);
    }
    return found;
  }

  SharedLibrary library_;
  NamedFunction<AmdResult(std::uint32_t, std::uint64_t*)> unique_id_{library_, "rsmi_dev_unique_id_get"};
  NamedFunction<AmdResult(std::uint32_t, char*, std::size_t)> name_{library_, "rsmi_dev_name_get"};
  NamedFunction<AmdResult(std::uint32_t, std::uint32_t*)> busy_{library_, "rsmi_dev_busy_percent_get"};
  NamedFunction<AmdResult(std::uint32_t, int, std::uint64_t*)> memory_used_{library_,
                                                                            "rsmi_dev_memory_usage_get"};
  NamedFunction<AmdResult(std::uint32_t, int, std::uint64_t*)> memory_total_{library_,
                                                                             "rsmi_dev_memory_total_get"};
  NamedFunction<AmdResult(std::uint32_t, std::uint32_t, std::uint64_t*)> power_{library_,
                                                                                "rsmi_dev_power_ave_get"};
  NamedFunction<AmdResult(std::uint32_t, std::uint64_t*, float*, std::uint64_t*)> energy_{
      library_, "rsmi_dev_energy_count_get"};
  NamedFunction<AmdResult(std::uint32_t, std::uint32_t, int, std::int64_t*)> temperature_{
      library_, "rsmi_dev_temp_metric_get"};
  std::vector<MonitoredDevice> devices_;
};

}  // namespace

std::unique_ptr<GpuLibrary> open_rocm_smi(SharedLibrary library) {
  return std::make_unique<RocmSmi>(std::move(library));
}

}  // namespace bv2
