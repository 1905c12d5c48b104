// Tainted iterations stay in a result and out of its statistics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/scenario_run.h"

namespace bv2 {
namespace {

constexpr std::int64_t ms = 1'000'000;

/// A result of iterations of that latency; those above 100 ms are tainted.
ScenarioResult result_of(const std::vector<std::int64_t>& latencies_ms) {
  RunObserver observer;
  const InterruptFlag interrupt;
  const RunSetting setting{.observer = observer, .interrupt = interrupt};
  const PlannedBenchmark benchmark;
  const PlannedScenario scenario;
  ScenarioRun run(0, benchmark, scenario, setting);
  LaunchRecord launch;
  launch.metadata.model.emplace();
  launch.metadata.prompt.emplace();
  launch.metadata.prompt->tokens = 2;
  run.apply(launch);
  for (const std::int64_t latency_ms : latencies_ms) {
    IterationRecord record;
    record.iteration.token_ns = {latency_ms * ms / 2, latency_ms * ms};
    if (latency_ms > 100) record.iteration.flags = {"output_differs", "tainted_steal"};
    run.apply(record);
  }
  run.apply(EndRecord{.scenario = 0, .status = ScenarioStatus::success, .error = {}});
  return run.result();
}

TEST(ScenarioInterference, TaintedIterationsAreKeptAndDoNotCount) {
  const ScenarioResult result = result_of({10, 500, 20, 30, 40});
  EXPECT_EQ(result.interference.tainted, 1);
  EXPECT_EQ(result.interference.left_out, 1);
  EXPECT_EQ(result.iterations.size(), 5U);
  const Summary& latency = *result.measurement("latency");
  EXPECT_THAT(latency.measurements, testing::Pointwise(testing::DoubleEq(), {0.01, 0.5, 0.02, 0.03, 0.04}));
  EXPECT_EQ(latency.count, 4U);
  EXPECT_DOUBLE_EQ(*latency.max, 0.04);
  EXPECT_DOUBLE_EQ(*latency.median, 0.025);
}

TEST(ScenarioInterference, WhereFewAreCleanAllCount) {
  const ScenarioResult result = result_of({10, 500, 600, 30});
  EXPECT_EQ(result.interference.tainted, 2);
  EXPECT_EQ(result.interference.left_out, 0);
  EXPECT_EQ(result.measurement("latency")->count, 4U);
}

}  // namespace
}  // namespace bv2
