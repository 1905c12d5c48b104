// What the machine of a run can do: measured before it, and looked at again between its rounds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/json.h"
#include "framework/machine_limits.h"
#include "framework/run_plan.h"
#include "framework/runner.h"

namespace bv2 {

class EngineServices;

/// Used by one thread. All references must outlive it.
class RunLimits {
 public:
  using AvailableMemory = std::function<std::optional<std::int64_t>()>;

  /// Measures what the plan's scenarios need with the probes of their engines, as far as they have them.
  RunLimits(std::span<const PlannedBenchmark> plan, const RunSurroundings& surroundings,
            AvailableMemory available_memory_bytes);

  /// Nothing runs: what moves may be measured again. It takes at most about a twentieth of the run's time,
  /// and needs memory to spare.
  void round_done();

  /// As metadata.hardware_info.measured_peaks has them; null where nothing was measured.
  [[nodiscard]] Json peaks() const;

 private:
  [[nodiscard]] bool memory_to_spare() const;

  const RunSurroundings& surroundings_;
  AvailableMemory available_memory_bytes_;
  std::vector<const EngineServices*> engines_;
  std::vector<std::int64_t> threads_;
  MachineLimits limits_;
  std::int64_t next_look_ns_ = 0;
};

}  // namespace bv2
