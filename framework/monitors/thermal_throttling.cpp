// How often the processors slowed down because they were too hot (Intel; thermal_throttle below each of
// /sys/devices/system/cpu).
#include <fmt/format.h>

#include "framework/monitors/counter_source.h"
#include "framework/monitors/system_file.h"

namespace bv2 {
namespace {

class ThermalThrottling final : public CounterSource {
 public:
  explicit ThermalThrottling(const MonitoredSystem& system) {
    for (const int cpu : system.cpus) {
      const std::filesystem::path folder =
          system.root / fmt::format("sys/devices/system/cpu/cpu{}/thermal_throttle", cpu);
      for (const auto* name : {"core_throttle_count", "package_throttle_count"}) {
        SystemFile file(folder / name, 64);
        if (file.is_open()) files_.push_back(std::move(file));
      }
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override {
    if (files_.empty()) return {};
    return {{"thermal_throttle_events"}};
  }

  void read(std::span<std::int64_t> values) override {
    std::int64_t events = 0;
    for (SystemFile& file : files_) {
      std::string_view text = file.read_once();
      events += take_integer(text).value_or(0);
    }
    values[0] = events;
  }

 private:
  std::vector<SystemFile> files_;
};

}  // namespace

std::unique_ptr<CounterSource> thermal_throttling_source(const MonitoredSystem& system) {
  return std::make_unique<ThermalThrottling>(system);
}

}  // namespace bv2
