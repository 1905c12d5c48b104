// The interface between the framework and what it measures: its defaults.
#include "framework/model_benchmark.h"

#include "framework/scenario_space.h"

namespace bv2 {

std::vector<ScenarioConfig> ModelBenchmark::scenarios(int level) const {
  return scenarios_of_level(level, info().variants);
}

}  // namespace bv2
