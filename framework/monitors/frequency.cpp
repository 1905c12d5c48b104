// The clock frequency of the processors that we may use (scaling_cur_freq of cpufreq): the slowest of them.
#include <fmt/format.h>

#include <limits>

#include "framework/monitors/counter_source.h"
#include "framework/monitors/system_file.h"

namespace bv2 {
namespace {

class Frequency final : public CounterSource {
 public:
  explicit Frequency(const MonitoredSystem& system) {
    for (const int cpu : system.cpus) {
      SystemFile file(system.root / fmt::format("sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", cpu),
                      64);
      if (file.is_open()) files_.push_back(std::move(file));
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override {
    if (files_.empty()) return {};
    return {{"slowest_cpu_khz", CounterKind::level}};
  }

  void read(std::span<std::int64_t> values) override {
    std::int64_t slowest = std::numeric_limits<std::int64_t>::max();
    for (SystemFile& file : files_) {
      std::string_view text = file.read_once();
      slowest = std::min(slowest, take_integer(text).value_or(slowest));
    }
    if (slowest != std::numeric_limits<std::int64_t>::max()) values[0] = slowest;
  }

 private:
  std::vector<SystemFile> files_;
};

}  // namespace

std::unique_ptr<CounterSource> frequency_source(const MonitoredSystem& system) {
  return std::make_unique<Frequency>(system);
}

}  // namespace bv2
