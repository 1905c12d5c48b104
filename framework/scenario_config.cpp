// The configuration of one scenario.
#include "framework/scenario_config.h"

#include <fmt/format.h>

namespace bv2 {

std::string scenario_name(const ScenarioConfig& config) {
  std::string name = config.variant;
  if (config.compile_mode) name += fmt::format("_compile_{}", *config.compile_mode);
  if (config.attn_implementation == "eager") return name + "_eager_attn";
  return name + "_sdpa_" + config.sdpa_backend.value_or("default");
}

}  // namespace bv2
