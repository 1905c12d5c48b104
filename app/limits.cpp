// The machine's limits for a command.
#include "app/limits.h"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>

#include "base/cache_folder.h"
#include "base/cpu_topology.h"

namespace bv2::app {

MachineLimits limits_with(const CommandContext& context, std::span<const EngineServices* const> engines,
                          std::vector<std::int64_t> threads, bool anew) {
  MachineLimitsRequest request;
  for (std::int64_t& count : threads) count = count > 0 ? count : physical_core_count();
  std::ranges::sort(threads);
  threads.erase(std::ranges::unique(threads).begin(), threads.end());
  request.threads = std::move(threads);
  request.measure_anew = anew;
  try {
    request.kept_file = machine_limits_file(default_cache_folder());
  } catch (const UsageError& error) {
    context.log->warn("the machine's limits are measured and not kept: {}", error.what());
  }
  bool told = false;
  request.progress = [&](std::string_view what) {
    context.interrupt.throw_if_raised();
    if (!told) context.log->info("measuring this machine's limits (kept for a day)");
    told = true;
    context.console.status(fmt::format("measuring this machine: {}", what));
  };
  MachineLimits limits = machine_limits(engines, request);
  context.console.status({});
  return limits;
}

}  // namespace bv2::app
