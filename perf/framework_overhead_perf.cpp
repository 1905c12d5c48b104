// What the framework costs of its own: per token of a measured iteration, and per iteration.
#include <benchmark/benchmark.h>

#include "framework/interference.h"
#include "framework/monitors/iteration_monitor.h"
#include "framework/scenario_summary.h"
#include "framework/statistics.h"
#include "framework/token_timeline.h"

namespace {

using bv2::InterruptFlag;
using bv2::TokenTimeline;

/// One token as a session gives it: through the interface, so that the call is not inlined.
void token(benchmark::State& state) {
  const std::int64_t batch = state.range(0);
  constexpr std::int64_t new_tokens = 100'000;
  const InterruptFlag interrupt;
  TokenTimeline timeline(batch, new_tokens, interrupt);
  bv2::TokenSink* sink = &timeline;
  benchmark::DoNotOptimize(sink);
  const std::vector<std::int64_t> ids(static_cast<std::size_t>(batch), 7);
  std::int64_t given = new_tokens;
  for (auto _ : state) {
    if (given == new_tokens) {
      timeline.start();
      given = 0;
    }
    sink->on_tokens(ids);
    ++given;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(token)->Arg(1)->Arg(32);

/// The clock alone, which is most of it.
void clock_reading(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(bv2::monotonic_now_ns());
}
BENCHMARK(clock_reading);

/// All monitors at both edges of an iteration, outside of what is timed.
void monitors(benchmark::State& state) {
  bv2::IterationMonitor monitor;
  for (auto _ : state) {
    monitor.begin();
    monitor.end();
    benchmark::DoNotOptimize(bv2::taints(monitor.values(), {}));
  }
}
BENCHMARK(monitors);

/// The statistics of a metric over that many iterations: outside of the timed region.
void summary(benchmark::State& state) {
  std::vector<double> values(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>((i * 7919) % values.size());
  for (auto _ : state) benchmark::DoNotOptimize(bv2::summarise("seconds", values));
}
BENCHMARK(summary)->Arg(5)->Arg(1000);

/// What the stopping rule asks of so many iterations: between iterations, with a target or a budget.
void precision(benchmark::State& state) {
  bv2::ScenarioResult scenario;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const std::int64_t latency_ns = 1'000'000'000 + (i * 7919) % 1009 * 20'000;
    scenario.iterations.push_back({.start_ns = 0, .token_ns = {latency_ns / 2, latency_ns}, .flags = {}});
  }
  for (auto _ : state) benchmark::DoNotOptimize(bv2::latency_precision(scenario));
}
BENCHMARK(precision)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
