// What benchmarks have in common.
#include "framework/model_benchmark.h"

#include <array>

#include "framework/scenario_space.h"

namespace bv2 {

std::span<const std::string_view> enum_names(ModelKind) {
  static constexpr std::array<std::string_view, 2> names{"decoder", "encoder"};
  return names;
}

std::vector<ScenarioConfig> ModelBenchmark::scenarios(int level) const {
  const BenchmarkInfo own = info();
  return scenarios_of_level(own.variants, own.compile_modes, level);
}

}  // namespace bv2
