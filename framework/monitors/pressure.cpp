// How long tasks of the system had to wait for processors, memory or disks: pressure stall information
// (/proc/pressure).
#include <array>

#include "framework/monitors/counter_source.h"
#include "framework/monitors/system_file.h"

namespace bv2 {
namespace {

struct Resource {
  std::string_view file;
  std::string_view counter;
};
constexpr std::array resources{Resource{"cpu", "cpu_pressure_ns"}, Resource{"memory", "memory_pressure_ns"},
                               Resource{"io", "io_pressure_ns"}};

class Pressure final : public CounterSource {
 public:
  explicit Pressure(const std::filesystem::path& folder) {
    for (const Resource& resource : resources) {
      SystemFile file(folder / resource.file, 256);
      // The files may be there and refuse to be read (psi=0).
      if (file.read().empty()) continue;
      files_.push_back(std::move(file));
      counters_.push_back({resource.counter});
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override { return counters_; }

  void read(std::span<std::int64_t> values) override {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      // "some avg10=0.00 avg60=0.00 avg300=0.00 total=MICROSECONDS" comes first.
      if (const auto total_us = integer_after(files_[i].read(), "total=")) values[i] = *total_us * 1000;
    }
  }

 private:
  std::vector<SystemFile> files_;
  std::vector<Counter> counters_;
};

}  // namespace

std::unique_ptr<CounterSource> pressure_source(const MonitoredSystem& system) {
  return std::make_unique<Pressure>(system.root / "proc/pressure");
}

}  // namespace bv2
