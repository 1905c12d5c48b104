// How long the processors that we may use were busy, with us or with others, and how long a hypervisor kept
// them for itself (/proc/stat, in ticks).
#include <unistd.h>

#include <algorithm>
#include <array>

#include "framework/monitors/counter_source.h"
#include "framework/monitors/system_file.h"

namespace bv2 {
namespace {

// Columns of a "cpuN" line; guest time is part of user and nice.
enum Column { user, nice, system_time, idle, iowait, irq, softirq, steal, column_count };

constexpr std::size_t bytes_a_line = 160;

class ProcessorTime final : public CounterSource {
 public:
  ProcessorTime(const std::filesystem::path& stat, std::vector<int> cpus)
      : cpus_(std::move(cpus)),
        stat_(stat, bytes_a_line * (static_cast<std::size_t>(*std::ranges::max_element(cpus_)) + 2)) {}

  [[nodiscard]] std::vector<Counter> counters() const override {
    if (!stat_.is_open()) return {};
    return {{"system_busy_ns"}, {"steal_ns"}};
  }

  void read(std::span<std::int64_t> values) override {
    std::string_view text = stat_.read();
    std::int64_t busy_ticks = 0;
    std::int64_t steal_ticks = 0;
    bool found = false;
    while (text.starts_with("cpu")) {
      std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      line.remove_prefix(3);
      if (line.starts_with(' ')) continue;  // the sum of all
      const auto cpu = take_integer(line);
      if (!cpu || !std::ranges::binary_search(cpus_, static_cast<int>(*cpu))) continue;
      std::array<std::int64_t, column_count> ticks{};
      for (auto& tick : ticks) tick = take_integer(line).value_or(0);
      busy_ticks += ticks[user] + ticks[nice] + ticks[system_time] + ticks[irq] + ticks[softirq];
      steal_ticks += ticks[steal];
      found = true;
    }
    if (!found) return;
    values[0] = busy_ticks * tick_ns_;
    values[1] = steal_ticks * tick_ns_;
  }

 private:
  std::vector<int> cpus_;
  SystemFile stat_;
  std::int64_t tick_ns_ = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
};

}  // namespace

std::unique_ptr<CounterSource> processor_time_source(const MonitoredSystem& system) {
  if (system.cpus.empty()) return nullptr;
  return std::make_unique<ProcessorTime>(system.root / "proc/stat", system.cpus);
}

}  // namespace bv2
