// What benchmarks have in common.
#include "framework/model_benchmark.h"

#include "framework/scenario_space.h"

namespace bv2 {

std::vector<ScenarioConfig> ModelBenchmark::scenarios(int level) const {
  return scenarios_of_level(info().variants, level);
}

}  // namespace bv2
