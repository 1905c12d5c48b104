// What an engine offers the program's commands besides being measured.
#include "framework/engine_services.h"

#include <algorithm>

namespace bv2 {

std::vector<const EngineServices*> engine_services(
    std::span<const std::unique_ptr<ModelBenchmark>> benchmarks) {
  std::vector<const EngineServices*> found;
  for (const auto& benchmark : benchmarks) {
    const EngineServices* services = benchmark->services();
    if (services != nullptr && std::ranges::find(found, services) == found.end()) found.push_back(services);
  }
  return found;
}

}  // namespace bv2
