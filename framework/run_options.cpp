// What a run was asked to do: names of its choices.
#include "framework/run_options.h"

#include <array>

namespace bv2 {

std::span<const std::string_view> enum_names(Isolation) {
  static constexpr std::array<std::string_view, 2> names{"process", "none"};
  return names;
}

MonitorNames chosen_monitors(const RunOptions& options) {
  MonitorNames names = options.monitors.value_or(all_monitor_names());
  if (!options.gpu_monitoring) std::erase(names, "gpu");
  return names;
}

}  // namespace bv2
