// From samples and counters to a scenario's result, on samples of known times.
#include "framework/scenario_monitors.h"

#include <gmock/gmock.h>

#include "framework/scenario_summary.h"

namespace bv2 {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr std::int64_t ms = 1'000'000;

/// A prompt of 8 tokens that takes 400 ms at 100 W, then 4 tokens of 100 ms at 50 W; memory draws 10 W.
/// Sampled every 10 ms from 5 ms before it on.
Iteration iteration_at(std::int64_t start_ns) {
  Iteration iteration{.start_ns = start_ns, .token_ns = {}, .flags = {}};
  for (std::int64_t token = 0; token < 5; ++token) {
    iteration.token_ns.push_back(start_ns + 400 * ms + token * 100 * ms);
  }
  MonitorSamples samples{.monitor = "energy", .time_ns = {}, .series = {}};
  samples.series.push_back({.name = "package_energy_uj"});
  samples.series.push_back({.name = "dram_energy_uj"});
  for (std::int64_t at_ns = -5 * ms; at_ns <= 815 * ms; at_ns += 10 * ms) {
    samples.time_ns.push_back(start_ns + at_ns);
    const std::int64_t prompt_us = std::min(at_ns, 400 * ms) / 1000;
    const std::int64_t next_us = std::max<std::int64_t>(at_ns - 400 * ms, 0) / 1000;
    samples.series[0].values.emplace_back(1'000'000 + prompt_us * 100 + next_us * 50);
    samples.series[1].values.emplace_back(1'000'000 + (prompt_us + next_us) * 10);
  }
  iteration.samples.emplace().push_back(std::move(samples));
  return iteration;
}

ScenarioResult scenario() {
  ScenarioResult result;
  result.metadata.config.batch_size = 2;
  result.metadata.prompt.emplace().tokens = 8;
  for (int i = 0; i < 3; ++i) result.iterations.push_back(iteration_at(i * 1000 * ms));
  result.monitors = {{.monitor = "energy",
                      .status = MonitorStatus::on,
                      .edges_ns = 8e3,
                      .sample_ns = 10e3,
                      .sample_period_ns = 10e6},
                     {.monitor = "memory", .status = MonitorStatus::on, .edges_ns = 80e3},
                     {.monitor = "counters", .status = MonitorStatus::unavailable, .reason = {"no"}},
                     {.monitor = "gpu", .status = MonitorStatus::off}};
  return result;
}

ScenarioResult summarised(ScenarioResult result) {
  summarise_scenario(result);
  summarise_monitors(result, {{"package", 40.0}});
  return result;
}

TEST(ScenarioMonitors, EnergyIsOfThePromptAndOfTheTokensAfterTheFirst) {
  const ScenarioResult result = summarised(scenario());
  EXPECT_EQ(result.energy.status, MonitorStatus::on);
  ASSERT_THAT(result.energy.domains, SizeIs(2));
  const EnergyDomain& package = result.energy.domains[0];
  EXPECT_EQ(package.idle_watts, 40);
  EXPECT_NEAR(*package.watts, 60 / 0.8, 0.1);
  EXPECT_NEAR(*package.resolution_joules, 1, 1e-6);
  EXPECT_NEAR(*package.joules_per_prompt_token, 40.0 / 16, 0.02) << "100 W for 400 ms, of two sequences";
  EXPECT_NEAR(*package.joules_per_new_token, 20.0 / 8, 0.03) << "50 W for 400 ms, four tokens of each";
  const EnergyDomain& dram = result.energy.domains[1];
  EXPECT_FALSE(dram.idle_watts);
  EXPECT_NEAR(*dram.joules_per_prompt_token, 4.0 / 16, 1e-3);
  EXPECT_NEAR(*dram.joules_per_new_token, 4.0 / 8, 1e-3);
  EXPECT_NEAR(*result.measurement("joules_per_prompt_token")->median, 44.0 / 16, 0.02);
  EXPECT_EQ(result.measurement("joules_per_prompt_token")->count, 3U);
}

TEST(ScenarioMonitors, ASumOverDomainsNeedsAllOfThem) {
  EXPECT_NEAR(*summarised(scenario()).measurement("joules_per_new_token")->median, 24.0 / 8, 0.03);
  ScenarioResult result = scenario();
  for (Iteration& iteration : result.iterations) {
    for (auto& value : iteration.samples->front().series[1].values) *value = *value / 4'000'000 * 4'000'000;
  }
  result = summarised(std::move(result));
  EXPECT_TRUE(result.energy.domains[0].joules_per_new_token);
  EXPECT_FALSE(result.energy.domains[1].joules_per_new_token) << "its steps are 4 J";
  EXPECT_EQ(result.measurement("joules_per_new_token"), nullptr);
}

TEST(ScenarioMonitors, OfIterationsThatCountForNothingThereIsNothing) {
  ScenarioResult result = scenario();
  result.iterations.resize(1);
  result.iterations[0].samples->front().series[0].values.assign(83, std::nullopt);
  result = summarised(std::move(result));
  EXPECT_FALSE(result.energy.domains[0].watts);
  EXPECT_TRUE(result.energy.domains[1].watts);
}

TEST(ScenarioMonitors, CostIsOfTheLatencyAndOfAProcessor) {
  const ScenarioResult result = summarised(scenario());
  EXPECT_NEAR(result.monitors[0].cost_percent.value(), 8e3 / 800e6 * 100 + 0.1, 1e-6);
  EXPECT_NEAR(result.monitors[1].cost_percent.value(), 0.01, 1e-6);
  EXPECT_FALSE(result.monitors[2].cost_percent);
}

TEST(ScenarioMonitors, WhatWasNotThereSaysWhy) {
  const ScenarioResult result = summarised(scenario());
  EXPECT_EQ(result.hardware_counters.status, MonitorStatus::unavailable);
  EXPECT_EQ(result.hardware_counters.reason, "no");
  EXPECT_EQ(result.gpu_metrics.gpu_monitoring_reason, "switched_off");
}

TEST(ScenarioMonitors, GpusAreTogetherAndByThemselves) {
  ScenarioResult result = scenario();
  result.metadata.hardware_info.gpus = {{.id = "A", .name = {}, .vendor = {}, .driver = {}},
                                        {.id = "B", .name = {}, .vendor = {}, .driver = {}}};
  result.monitors.back().status = MonitorStatus::on;
  constexpr std::int64_t mebibyte = 1 << 20;
  for (Iteration& iteration : result.iterations) {
    iteration.samples.emplace().push_back(
        {.monitor = "gpu",
         .time_ns = {1, 2},
         .series = {
             {.name = "gpu_utilization_percent", .device = {"A"}, .values = {10, 30}},
             {.name = "gpu_memory_used_bytes", .device = {"A"}, .values = {mebibyte, mebibyte}},
             {.name = "gpu_throttle_reasons", .device = {"A"}, .values = {0, 0b10100}},
             {.name = "gpu_utilization_percent",
              .device = {"B"},
              .values = {50, std::nullopt},
              .problem = {"GPU is lost"}},
             {.name = "gpu_memory_used_bytes", .device = {"B"}, .values = {2 * mebibyte, std::nullopt}}}});
  }
  const GpuMetrics metrics = summarised(std::move(result)).gpu_metrics;
  EXPECT_EQ(metrics.gpu_monitoring_status, "success");
  EXPECT_EQ(metrics.sample_count, 6);
  EXPECT_NEAR(metrics.gpu_utilization_mean.value(), 30, 1e-9) << "30 of both, then 30 of what is left";
  EXPECT_EQ(metrics.gpu_memory_used_max, 3);
  EXPECT_EQ(metrics.gpu_memory_used_min, 1);
  const GpuDeviceMetrics& a = metrics.devices->at(0);
  EXPECT_EQ(a.counters.at(0).first, "gpu_utilization_percent");
  EXPECT_EQ(a.counters.at(0).second.mean, 20);
  EXPECT_EQ(a.counters.at(0).second.count, 6);
  EXPECT_THAT(a.throttle_reasons, ElementsAre(testing::Pair("power_limit", 3), testing::Pair("thermal", 3)));
  EXPECT_THAT(metrics.devices->at(1).problems,
              ElementsAre(testing::Pair("gpu_utilization_percent", "GPU is lost")));
}

TEST(ScenarioMonitors, GpusWithoutASampleAreAFailure) {
  ScenarioResult result = scenario();
  result.metadata.hardware_info.gpus = {{.id = "A", .name = {}, .vendor = {}, .driver = {}}};
  result.monitors.back().status = MonitorStatus::on;
  const GpuMetrics metrics = summarised(std::move(result)).gpu_metrics;
  EXPECT_EQ(metrics.gpu_monitoring_status, "failed");
  EXPECT_EQ(metrics.gpu_monitoring_reason, "no_samples_collected");
}

TEST(ScenarioMonitors, AnalyticMemoryIsOfWeightsAndCache) {
  ScenarioMetadata metadata;
  EXPECT_FALSE(analytic_memory(metadata));
  metadata.config.batch_size = 2;
  metadata.config.num_tokens_to_generate = 5;
  metadata.prompt.emplace().tokens = 8;
  metadata.model.emplace().weight_bytes = 1000;
  EXPECT_EQ(analytic_memory(metadata)->weights, 1000);
  EXPECT_FALSE(analytic_memory(metadata)->kv_cache);
  ForwardCost& cost = metadata.model->forward_cost.emplace();
  cost.attention = {{.window = 0, .cache_bytes_per_position = 100},
                    {.window = 4, .cache_bytes_per_position = 10}};
  EXPECT_EQ(analytic_memory(metadata)->kv_cache, 2 * (12 * 100 + 4 * 10));
  metadata.model->kind = ModelKind::encoder;
  EXPECT_EQ(analytic_memory(metadata)->kv_cache, 0);
}

}  // namespace
}  // namespace bv2
