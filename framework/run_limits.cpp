// What the machine of a run can do.
#include "framework/run_limits.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "framework/engine_services.h"

namespace bv2 {
namespace {

constexpr std::int64_t pause_for_time_spent = 20;
// What was resident before stays so, and the next scenario may grow.
constexpr std::int64_t times_working_set = 4;

}  // namespace

RunLimits::RunLimits(std::span<const PlannedBenchmark> plan, const RunSurroundings& surroundings,
                     AvailableMemory available_memory_bytes)
    : surroundings_(surroundings), available_memory_bytes_(std::move(available_memory_bytes)) {
  if (!surroundings.limits) return;
  for (const PlannedBenchmark& benchmark : plan) {
    const EngineServices* services = benchmark.benchmark->services();
    if (services == nullptr || !services->has_probes()) continue;
    if (std::ranges::find(engines_, services) == engines_.end()) engines_.push_back(services);
    for (const PlannedScenario& scenario : benchmark.scenarios) threads_.push_back(scenario.config.threads);
  }
  if (!engines_.empty()) limits_ = surroundings.limits(engines_, threads_);
  next_look_ns_ = monotonic_now_ns() + surroundings.limits_stand.count();
}

void RunLimits::round_done() {
  const std::int64_t start_ns = monotonic_now_ns();
  if (limits_.empty() || !surroundings_.raise_limits || start_ns < next_look_ns_ || !memory_to_spare())
    return;
  surroundings_.raise_limits(engines_, threads_, limits_);
  const std::int64_t end_ns = monotonic_now_ns();
  next_look_ns_ =
      end_ns + std::max(surroundings_.limits_stand.count(), pause_for_time_spent * (end_ns - start_ns));
}

Json RunLimits::peaks() const { return limits_.empty() ? Json() : to_json(limits_); }

bool RunLimits::memory_to_spare() const {
  std::int64_t largest_bytes = 0;
  for (const ReadBandwidth& entry : limits_.read_bandwidth) {
    largest_bytes = std::max(largest_bytes, entry.working_set_bytes);
  }
  const auto available_bytes = available_memory_bytes_();
  return available_bytes && *available_bytes >= times_working_set * largest_bytes;
}

}  // namespace bv2
