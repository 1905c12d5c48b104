// The machine's limits for a command.
#include "app/limits.h"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/cache_folder.h"
#include "base/cpu_topology.h"

namespace bv2::app {
namespace {

/// Shows on the console what is measured. `cannot_keep` is told why, where nothing can be kept.
MachineLimitsRequest request_with(const CommandContext& context, std::vector<std::int64_t> threads,
                                  const std::function<void(const char* why)>& cannot_keep) {
  MachineLimitsRequest request;
  for (std::int64_t& count : threads) count = count > 0 ? count : physical_core_count();
  std::ranges::sort(threads);
  // Not std::ranges::unique: Clang 14, of the lint, cannot read what it returns.
  threads.erase(std::unique(threads.begin(), threads.end()), threads.end());
  request.threads = std::move(threads);
  try {
    request.kept_file = machine_limits_file(default_cache_folder());
  } catch (const UsageError& error) {
    cannot_keep(error.what());
  }
  request.progress = [&context](std::string_view what) {
    context.interrupt.throw_if_raised();
    context.console.status(fmt::format("measuring this machine: {}", what));
  };
  return request;
}

}  // namespace

MachineLimits limits_with(const CommandContext& context, std::span<const EngineServices* const> engines,
                          std::vector<std::int64_t> threads, bool anew) {
  MachineLimitsRequest request = request_with(context, std::move(threads), [&](const char* why) {
    context.log->warn("the machine's limits are measured and not kept: {}", why);
  });
  request.measure_anew = anew;
  bool told = false;
  request.progress = [&, show = std::move(request.progress)](std::string_view what) {
    if (!told) context.log->info("measuring this machine's limits (kept for a day)");
    told = true;
    show(what);
  };
  MachineLimits limits = machine_limits(engines, request);
  context.console.status({});
  return limits;
}

bool raise_limits_with(const CommandContext& context, std::span<const EngineServices* const> engines,
                       std::vector<std::int64_t> threads, MachineLimits& limits) {
  // Nothing is said twice: limits_with has said that they are not kept.
  const MachineLimitsRequest request = request_with(context, std::move(threads), [](const char*) {});
  const bool raised = raise_machine_limits(engines, request, limits);
  context.console.status({});
  return raised;
}

}  // namespace bv2::app
