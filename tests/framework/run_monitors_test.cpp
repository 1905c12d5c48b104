// Monitors that sample beside a run, and what its results make of them.
#include "framework/run_monitors.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <limits>
#include <map>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "framework/worker/local_monitors.h"
#include "framework/worker/serve.h"
#include "support/built.h"
#include "support/environment.h"
#include "support/run_fixture.h"
#include "support/system_tree.h"
#include "support/trace_checker.h"

namespace bv2::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

/// A powercap folder whose package draws 100 W, and its memory 10 W.
class FakePower {
 public:
  FakePower() {
    tree_.put("sys/class/powercap/intel-rapl:0/name", "package-0\n");
    tree_.put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n");
    tree_.put("sys/class/powercap/intel-rapl:0:0/name", "dram\n");
    write();
    thread_ = std::thread([this] {
      while (!stop_) {
        write();
        std::this_thread::sleep_for(std::chrono::microseconds(500));
      }
    });
  }
  ~FakePower() {
    stop_ = true;
    thread_.join();
  }
  FakePower(const FakePower&) = delete;
  FakePower& operator=(const FakePower&) = delete;
  [[nodiscard]] std::filesystem::path root() const { return tree_.system().root; }

 private:
  void write() {
    const std::int64_t us = monotonic_now_ns() / 1000;
    // In place and of one length, so that a reader never sees half of a number.
    put("intel-rapl:0", us * 100);
    put("intel-rapl:0:0", us * 10);
  }
  void put(const std::string& zone, std::int64_t energy_uj) {
    const auto path = root() / "sys/class/powercap" / zone / "energy_uj";
    if (!std::filesystem::exists(path)) std::ofstream(path).flush();
    std::fstream file(path, std::ios::in | std::ios::out);
    file << fmt::format("{:018}\n", energy_uj);
  }
  SystemTree tree_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

MonitorReport report_of(const ScenarioResult& result, std::string_view monitor) {
  for (const MonitorReport& report : result.monitors) {
    if (report.monitor == monitor) return report;
  }
  return {};
}

class RunMonitorsTest : public RunTest {
 protected:
  RunMonitorsTest() { surroundings_.device_libraries.emplace(); }
  void with_gpus(const std::string& fake = {}, const std::string& library = "nvml") {
    (*surroundings_.device_libraries)["nvml"] = device_library(library).string();
    fake_.set(fake);
  }
  EnvironmentVariable fake_{"FAKE_GPU", ""};
};

TEST_F(RunMonitorsTest, WhereThereIsNothingToSampleResultsSayWhy) {
  const TemporaryFolder empty;
  surroundings_.system_root = empty.path();
  add();
  run();
  const ScenarioResult result = scenario();
  EXPECT_EQ(result.gpu_metrics.gpu_monitoring_status, "disabled");
  EXPECT_EQ(result.gpu_metrics.gpu_monitoring_reason, "no_gpus_available");
  EXPECT_EQ(report_of(result, "gpu").status, MonitorStatus::unavailable);
  EXPECT_EQ(result.energy.status, MonitorStatus::unavailable);
  EXPECT_THAT(result.energy.reason.value(), HasSubstr("powercap"));
  for (const Iteration& iteration : result.iterations) EXPECT_FALSE(iteration.samples);
  EXPECT_THAT(result.monitors, SizeIs(monitor_table().size()));
  EXPECT_GT(report_of(result, "process").cost_percent.value(), 0);
}

TEST_F(RunMonitorsTest, EnergyIsJoulesPerPromptTokenAndPerNewToken) {
  const FakePower power;
  surroundings_.system_root = power.root();
  options_.sequence_lengths = {8};
  options_.warmup_iterations = 0;
  options_.measurement_iterations = 2;
  // Four times what a period of 10 ms resolves. Where the machine lets the sampler or the fake's thread wait,
  // the counter has steps that are too large for an iteration; hardly for both.
  add({.first_token_ns = 800'000'000, .next_token_ns = 200'000'000});
  run();
  const ScenarioResult result = scenario();
  EXPECT_EQ(result.energy.status, MonitorStatus::on);
  ASSERT_THAT(result.energy.domains, SizeIs(2));
  const EnergyDomain& package = result.energy.domains[0];
  EXPECT_EQ(package.domain, "package");
  EXPECT_NEAR(package.idle_watts.value(), 100, 10);
  EXPECT_GT(package.resolution_joules.value(), 0);
  EXPECT_EQ(result.energy.domains[1].domain, "dram");
  // To the tenth that "resolved" promises.
  EXPECT_NEAR(package.watts.value(), 100, 10);
  EXPECT_NEAR(package.joules_per_prompt_token.value(), 100 * 0.8 / 8, 1);
  EXPECT_NEAR(package.joules_per_new_token.value(), 100 * 0.2, 2);
  EXPECT_GT(report_of(result, "energy").sample_ns.value(), 0);
}

TEST_F(RunMonitorsTest, EnergyOfWhatIsTooShortIsNull) {
  const FakePower power;
  surroundings_.system_root = power.root();
  add({.first_token_ns = 2'000'000, .next_token_ns = 1'000'000});
  run();
  const ScenarioResult result = scenario();
  ASSERT_THAT(result.energy.domains, SizeIs(2));
  EXPECT_FALSE(result.energy.domains[0].joules_per_prompt_token);
  EXPECT_FALSE(result.energy.domains[0].joules_per_new_token);
  EXPECT_EQ(result.measurement("joules_per_new_token"), nullptr);
}

TEST_F(RunMonitorsTest, GpusAreInTheResultByUuid) {
  with_gpus("devices=2");
  options_.warmup_iterations = 0;
  add({.first_token_ns = 60'000'000, .next_token_ns = 20'000'000});
  run();
  const ScenarioResult result = scenario();
  const GpuMetrics& metrics = result.gpu_metrics;
  EXPECT_EQ(metrics.gpu_monitoring_status, "success");
  EXPECT_FALSE(metrics.gpu_monitoring_reason);
  EXPECT_EQ(metrics.gpu_utilization_mean, 50) << "of 40 and 60";
  EXPECT_EQ(metrics.gpu_memory_used_max, 2048) << "MiB of both";
  EXPECT_GE(metrics.sample_count.value(), 3 * 2);
  ASSERT_THAT(metrics.devices.value(), SizeIs(2));
  EXPECT_EQ(metrics.devices->at(1).device.id, "GPU-00000001-fake");
  EXPECT_THAT(metrics.devices->at(1).problems, IsEmpty());
  EXPECT_EQ(metrics.devices->at(1).throttle_reasons.size(), 2U);
  const HardwareInfo& hardware = result.metadata.hardware_info;
  EXPECT_EQ(hardware.gpu_name, "NVIDIA Fake 100");
  EXPECT_EQ(hardware.gpu_memory_total, 80 * 1024);
  EXPECT_THAT(hardware.gpus, SizeIs(2));
}

TEST_F(RunMonitorsTest, SamplesLieOnTheClockOfTheTokens) {
  with_gpus();
  options_.warmup_iterations = 0;
  options_.measurement_iterations = 2;
  add({.first_token_ns = 60'000'000, .next_token_ns = 30'000'000});
  run();
  for (const Iteration& iteration : scenario().iterations) {
    ASSERT_TRUE(iteration.samples);
    ASSERT_THAT(*iteration.samples, SizeIs(1));
    const MonitorSamples& gpu = iteration.samples->front();
    EXPECT_EQ(gpu.monitor, "gpu");
    EXPECT_GE(gpu.time_ns.size(), 4U);
    EXPECT_LE(gpu.time_ns.front(), iteration.start_ns);
    EXPECT_GE(gpu.time_ns.back(), iteration.token_ns.back());
    EXPECT_LT(gpu.time_ns.back() - gpu.time_ns.front(), 1'500'000'000);
    for (const SampleSeries& series : gpu.series) EXPECT_EQ(series.values.size(), gpu.time_ns.size());
  }
}

TEST_F(RunMonitorsTest, AreOnTracksOfTheirDevicesInATrace) {
  with_gpus("devices=2");
  options_.warmup_iterations = 0;
  options_.measurement_iterations = 1;
  options_.tokens_to_profile = 3;
  add({.first_token_ns = 120'000'000, .next_token_ns = 60'000'000});
  run();
  const ScenarioResult result = scenario();
  ASSERT_TRUE(result.profile && result.profile->file);
  const Json trace = read_json(outcome_.documents.at(0).parent_path() / *result.profile->file);
  EXPECT_EQ(trace_faults(trace), "");
  std::map<std::int64_t, std::string> processes;
  double begin_us = std::numeric_limits<double>::max();
  double end_us = 0;
  for (const Json& event : trace["traceEvents"]) {
    if (event["name"] == "process_name") processes[event["pid"]] = event["args"]["name"];
    if (event["ph"] != "X") continue;
    begin_us = std::min(begin_us, event["ts"].get<double>());
    end_us = std::max(end_us, event["ts"].get<double>() + event["dur"].get<double>());
  }
  std::map<std::string, std::vector<std::int64_t>> utilization;
  std::map<std::string, std::vector<std::int64_t>> energy;
  for (const Json& event : trace["traceEvents"]) {
    const std::string process = processes.at(event["pid"]);
    if (event["ph"] != "C" || !process.starts_with("GPU-")) continue;
    EXPECT_GE(event["ts"].get<double>(), begin_us);
    EXPECT_LE(event["ts"].get<double>(), end_us);
    if (event["name"] == "gpu_utilization_percent") utilization[process].push_back(event["args"]["value"]);
    if (event["name"] == "gpu_energy_uj") energy[process].push_back(event["args"]["value"]);
  }
  // 0.3 seconds, a sample every 0.05; a busy machine may miss some.
  for (const auto& [device, percent] :
       {std::pair("GPU-00000000-fake", 40), std::pair("GPU-00000001-fake", 60)}) {
    EXPECT_THAT(utilization[device], AllOf(SizeIs(AllOf(Ge(2U), Le(7U))), Each(percent)));
    ASSERT_FALSE(energy[device].empty());
    EXPECT_EQ(energy[device].front(), 0);
    EXPECT_TRUE(std::ranges::is_sorted(energy[device]));
    EXPECT_GT(energy[device].back(), 0);
  }
}

TEST_F(RunMonitorsTest, EnergyOfAGpuIsADomainOfItsOwn) {
  with_gpus();
  add({.first_token_ns = 20'000'000, .next_token_ns = 20'000'000});
  options_.measurement_iterations = 1;
  options_.warmup_iterations = 0;
  run();
  const ScenarioResult result = scenario();
  ASSERT_THAT(result.energy.domains, SizeIs(1));
  EXPECT_EQ(result.energy.domains[0].domain, "GPU-00000000-fake");
  EXPECT_NEAR(result.energy.domains[0].idle_watts.value(), 250, 25);
  EXPECT_FALSE(result.energy.domains[0].joules_per_prompt_token) << "within one reading";
}

TEST_F(RunMonitorsTest, ADeviceLostInTheMiddleKeepsWhatItHad) {
  // One reading to see what there is, about ten while nothing runs, some while the scenario is made ready.
  with_gpus("devices=2 lost.1=14");
  options_.warmup_iterations = 0;
  add({.first_token_ns = 60'000'000, .next_token_ns = 20'000'000});
  run();
  const GpuMetrics metrics = scenario().gpu_metrics;
  EXPECT_EQ(metrics.gpu_monitoring_status, "success");
  const auto& lost = metrics.devices->at(1);
  ASSERT_FALSE(lost.problems.empty());
  EXPECT_THAT(lost.problems[0].second, HasSubstr("GPU is lost"));
  EXPECT_THAT(metrics.devices->at(0).problems, IsEmpty());
}

TEST_F(RunMonitorsTest, ASlowDriverDoesNotDisturbTheTokens) {
  with_gpus("sleep_ms.nvmlDeviceGetPowerUsage=100");
  constexpr std::int64_t token_ns = 5'000'000;
  options_.num_tokens_to_generate = {40};
  options_.warmup_iterations = 0;
  FakeBenchmark& benchmark = add({.first_token_ns = token_ns, .next_token_ns = token_ns});
  run();
  const ScenarioResult result = scenario();
  // The median: on a machine that does other things too, single tokens come late whatever we do.
  EXPECT_NEAR(result.measurement("inter_token_latency")->median.value(), 5e-3, 1e-3);
  // What is measured is what the session itself saw.
  const auto& calls = benchmark.record()->calls;
  const auto& last = calls.back().token_ns;
  const Iteration& iteration = result.iterations.back();
  ASSERT_EQ(last.size(), iteration.token_ns.size());
  EXPECT_NEAR(static_cast<double>(last.back() - last.front()),
              static_cast<double>(iteration.token_ns.back() - iteration.token_ns.front()), 1e6);
}

TEST_F(RunMonitorsTest, CanBeSwitchedOff) {
  with_gpus();
  options_.gpu_monitoring = false;
  add();
  run();
  const ScenarioResult result = scenario();
  EXPECT_EQ(result.gpu_metrics.gpu_monitoring_status, "disabled");
  EXPECT_EQ(result.gpu_metrics.gpu_monitoring_reason, "switched_off");
  EXPECT_FALSE(result.metadata.hardware_info.gpu_name);
  EXPECT_EQ(report_of(result, "gpu").status, MonitorStatus::off);
}

TEST_F(RunMonitorsTest, NoneOfThemIsAChoice) {
  options_.monitors.emplace();
  add();
  run();
  const ScenarioResult result = scenario();
  for (const MonitorReport& report : result.monitors) EXPECT_EQ(report.status, MonitorStatus::off);
  for (const Iteration& iteration : result.iterations) EXPECT_THAT(iteration.counters, IsEmpty());
  EXPECT_EQ(result.energy.status, MonitorStatus::off);
  EXPECT_EQ(result.hardware_counters.status, MonitorStatus::off);
}

TEST_F(RunMonitorsTest, OneOfThemIsAChoice) {
  options_.monitors = {"memory"};
  add();
  run();
  const ScenarioResult result = scenario();
  EXPECT_GT(result.measurement("peak_host_memory")->median.value(), 0);
  EXPECT_EQ(result.iterations[0].counters.size(), 3U);
}

TEST_F(RunMonitorsTest, WhatItLosesIsToldOnceAndCostsSamplesAlone) {
  class Dying final : public Worker {
   public:
    explicit Dying(int answers) : answers_(answers) {}
    Json ask_json(std::string_view request, const Json& body) override {
      if (answers_-- == 0) throw ScenarioFailure(ScenarioStatus::crashed, "its process was killed");
      return local_.ask_json(request, body);
    }

   private:
    LocalMonitors local_;
    int answers_;
  };
  for (const int answers : {0, 1}) {
    std::vector<std::string> problems;
    RunMonitors monitors({.open = {.monitors = all_monitor_names(),
                                   .device_libraries = {{{"nvml", device_library("nvml").string()}}}},
                          .new_worker = [&] { return std::make_unique<Dying>(answers); },
                          .problem = [&](const std::string& line) { problems.push_back(line); }});
    monitors.start();
    EXPECT_THAT(monitors.samples(0, 1), IsEmpty());
    EXPECT_THAT(monitors.samples(0, 1), IsEmpty());
    EXPECT_THAT(problems, ElementsAre(HasSubstr("its process was killed")));
    const auto gpu = std::ranges::find(monitors.reports(), "gpu", &MonitorReport::monitor);
    ASSERT_NE(gpu, monitors.reports().end());
    EXPECT_EQ(gpu->status, MonitorStatus::failed);
    EXPECT_THAT(gpu->reason.value(), HasSubstr("killed"));
  }
}

TEST(RunMonitors, ReportsOfBothKindsAreJoinedInTheOrderOfTheTable) {
  const auto reports = joined({{.monitor = "energy", .status = MonitorStatus::on, .edges_ns = 5}},
                              {{.monitor = "energy", .status = MonitorStatus::on, .sample_ns = 7},
                               {.monitor = "gpu", .status = MonitorStatus::unavailable, .reason = {"none"}}});
  ASSERT_EQ(reports.size(), monitor_table().size());
  for (std::size_t i = 0; i < reports.size(); ++i) EXPECT_EQ(reports[i].monitor, monitor_table()[i].name);
  const auto energy = std::ranges::find(reports, "energy", &MonitorReport::monitor);
  EXPECT_EQ(energy->edges_ns, 5);
  EXPECT_EQ(energy->sample_ns, 7);
  EXPECT_EQ(std::ranges::find(reports, "gpu", &MonitorReport::monitor)->reason, "none");
  EXPECT_EQ(reports[0].status, MonitorStatus::off);
}

TEST(RunMonitors, NoProcessorIsTakenWhereNothingIsSampled) {
  RunMonitors monitors({.open = {.monitors = {"process"}, .cpu = 0}, .new_worker = {}, .problem = {}});
  monitors.start();
  EXPECT_FALSE(monitors.cpu());
}

TEST(RunMonitors, NoProcessorIsSpareWhereAllAreUsed) { EXPECT_FALSE(spare_cpu(1 << 20)); }

}  // namespace
}  // namespace bv2::test
