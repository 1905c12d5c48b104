// What the process itself used: time, context switches, page faults; all its threads together.
#include <sys/resource.h>
#include <time.h>

#include <array>

#include "base/clock.h"
#include "framework/monitors/counter_source.h"

namespace bv2 {
namespace {

std::int64_t process_cpu_time_ns() {
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return 0;
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class ProcessUsage final : public CounterSource {
 public:
  [[nodiscard]] std::vector<Counter> counters() const override {
    return {{"wall_time_ns"},
            {"cpu_time_ns"},
            {"minor_page_faults"},
            {"major_page_faults"},
            {"voluntary_context_switches"},
            {"involuntary_context_switches"}};
  }

  void read(std::span<std::int64_t> values) override {
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0) {
      values[2] = usage.ru_minflt;
      values[3] = usage.ru_majflt;
      values[4] = usage.ru_nvcsw;
      values[5] = usage.ru_nivcsw;
    }
    values[0] = monotonic_now_ns();
    values[1] = process_cpu_time_ns();
  }
};

}  // namespace

std::unique_ptr<CounterSource> process_usage_source(const MonitoredSystem& /*system*/) {
  return std::make_unique<ProcessUsage>();
}

}  // namespace bv2
