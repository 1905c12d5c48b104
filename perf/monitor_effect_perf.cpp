// What monitors add to the latency between tokens: the same worker process does the same work (5 ms a token,
// perf/modules/fixed_work.cpp) with all monitors and with none, in turns in random order. The monitors that
// sample have a fake driver of two GPUs and a fake powercap folder to read, so that none of them is idle.
//
// monitor_effect_perf [ROUNDS] [one-cpu] [pairs=FILE] [MONITOR...]
//   ROUNDS     default 40
//   one-cpu    workers and monitors stay on one processor
//   pairs      appends what was measured to the file, and tells of all that it has then
//   MONITOR    only these, of all
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "framework/effect.h"
#include "framework/run_monitors.h"
#include "framework/worker/messages.h"
#include "framework/worker/serve.h"
#include "framework/worker/worker_process.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t new_tokens = 100;
constexpr int warm_up_rounds = 2;

WorkerProgram program() {
  return {.command = {BV2_PERF_PROGRAM, worker_argument}, .benches_dirs = {BV2_PERF_MODULES_DIR}};
}

/// A machine with two packages.
class FakePowercap {
 public:
  FakePowercap() : root_(fs::temp_directory_path() / fmt::format("monitor_effect_{}", monotonic_now_ns())) {
    for (const auto& [zone, name] :
         {std::pair("intel-rapl:0", "package-0"), std::pair("intel-rapl:1", "package-1"),
          std::pair("intel-rapl:0:0", "dram"), std::pair("intel-rapl:1:0", "dram")}) {
      const fs::path folder = root_ / "sys/class/powercap" / zone;
      fs::create_directories(folder);
      std::ofstream(folder / "name") << name << "\n";
      std::ofstream(folder / "max_energy_range_uj") << "262143328850\n";
      std::ofstream(folder / "energy_uj") << "123456789\n";
    }
  }
  ~FakePowercap() { fs::remove_all(root_); }
  FakePowercap(const FakePowercap&) = delete;
  FakePowercap& operator=(const FakePowercap&) = delete;
  [[nodiscard]] std::string root() const { return root_.string(); }

 private:
  fs::path root_;
};

struct Arguments {
  int rounds = 40;
  bool one_cpu = false;
  fs::path pairs{};  // empty: none
  MonitorNames monitors{};
};

Arguments arguments_of(std::span<char*> words) {
  constexpr std::string_view pairs_option = "pairs=";
  Arguments arguments;
  for (const std::string_view word : words) {
    if (word == "one-cpu")
      arguments.one_cpu = true;
    else if (word.starts_with(pairs_option))
      arguments.pairs = word.substr(pairs_option.size());
    else if (contains(all_monitor_names(), word))
      arguments.monitors.emplace_back(word);
    else if (std::from_chars(word.data(), word.data() + word.size(), arguments.rounds).ec != std::errc())
      fail("'{}' is no monitor", word);
  }
  if (arguments.monitors.empty()) arguments.monitors = all_monitor_names();
  return arguments;
}

class Measurement {
 public:
  Measurement(const MonitorNames& monitors, std::optional<int> sampler_cpu, std::optional<int> avoided_cpu)
      : worker_({.program = program(), .avoided_cpu = avoided_cpu, .on_output = {}}, interrupt_) {
    open_.monitors = monitors;
    open_.system_root = power_.root();
    open_.device_libraries = {{{"nvml", BV2_PERF_FAKE_NVML}}};
    if (sampler_cpu) open_.cpu = *sampler_cpu;
    config_.num_tokens_to_generate = new_tokens;
  }

  /// The mean latency between the tokens of one iteration, in seconds.
  double iterate(bool monitored) {
    std::unique_ptr<RunMonitors> monitors;
    if (monitored) {
      monitors = std::make_unique<RunMonitors>(RunMonitors::Setting{
          .open = open_,
          .new_worker =
              [this] {
                return std::make_unique<WorkerProcess>(
                    WorkerProcessOptions{.program = program(), .monitors_only = true, .on_output = {}},
                    interrupt_);
              },
          .problem = [](const std::string& line) { fail("{}", line); }});
      monitors->start();
      for (const MonitorReport& report : monitors->reports()) {
        if (contains(open_.monitors, report.monitor) && report.status != MonitorStatus::on)
          fail("{}: {}", report.monitor, report.reason.value_or(""));
      }
    }
    worker_.ask(LoadRequest{.benchmark = "fixed_work",
                            .config = config_,
                            .monitors = monitored ? open_.monitors : MonitorNames()});
    worker_.ask(MakePromptRequest{});
    const Iteration iteration = worker_.ask(IterateRequest{}).iteration;
    const std::int64_t first_ns = iteration.token_ns.front();
    const std::int64_t last_ns = iteration.token_ns.back();
    if (monitors) {
      const auto samples = monitors->samples(iteration.start_ns, last_ns);
      samples_ = 0;
      for (const MonitorSamples& monitor : samples) samples_ += monitor.time_ns.size();
      reports_ = monitors->reports();
    }
    return static_cast<double>(last_ns - first_ns) * 1e-9 / static_cast<double>(new_tokens - 1);
  }

  [[nodiscard]] std::size_t samples() const { return samples_; }
  [[nodiscard]] const std::vector<MonitorReport>& reports() const { return reports_; }

 private:
  InterruptFlag interrupt_;
  FakePowercap power_;
  OpenMonitorsRequest open_;
  ScenarioConfig config_;
  WorkerProcess worker_;
  std::size_t samples_ = 0;  // of the last monitored iteration
  std::vector<MonitorReport> reports_;
};

void stay_on_first_cpu() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(0, &cpus);
  if (::sched_setaffinity(0, sizeof cpus, &cpus) != 0) fail("cannot stay on one processor");
}

using Pairs = std::array<std::vector<double>, 2>;  // seconds without, with

/// Those of a file, then the new ones, which are appended to it.
Pairs pooled(const fs::path& file, const Pairs& measured) {
  Pairs all;
  std::ifstream earlier(file);
  for (double without = 0, with = 0; earlier >> without >> with;) {
    all[0].push_back(without);
    all[1].push_back(with);
  }
  std::ofstream later(file, std::ios::app);
  for (std::size_t i = 0; i < measured[0].size(); ++i) {
    later << fmt::format("{} {}\n", measured[0][i], measured[1][i]);
    for (std::size_t side = 0; side < all.size(); ++side) all[side].push_back(measured[side][i]);
  }
  return all;
}

int measure(const Arguments& arguments) {
  ::setenv("FAKE_GPU", "devices=2", 1);
  if (arguments.one_cpu) stay_on_first_cpu();
  const std::optional<int> spare = spare_cpu(1);
  Measurement measurement(arguments.monitors, arguments.one_cpu ? std::optional(0) : spare,
                          arguments.one_cpu ? std::nullopt : spare);
  std::mt19937_64 random(std::random_device{}());
  Pairs seconds;
  for (int round = -warm_up_rounds; round < arguments.rounds; ++round) {
    const bool monitored_first = (random() & 1U) != 0;
    for (const bool monitored : {monitored_first, !monitored_first}) {
      const double latency = measurement.iterate(monitored);
      if (round >= 0) seconds[monitored ? 1 : 0].push_back(latency);
    }
  }
  if (!arguments.pairs.empty()) seconds = pooled(arguments.pairs, seconds);
  const std::optional<Effect> effect = paired_effect(seconds[0], seconds[1]);
  if (!effect) fail("too few rounds");
  const auto median_ms = [](std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2] * 1e3;
  };
  fmt::print("inter-token latency, {} rounds of {} tokens{}: {:.4f} ms without, {:.4f} ms with monitors\n",
             seconds[0].size(), new_tokens, arguments.one_cpu ? ", one processor" : "", median_ms(seconds[0]),
             median_ms(seconds[1]));
  constexpr double confidence = 0.95;
  const Interval interval = effect->interval(confidence);
  fmt::print("monitors add {:+.3f}% [{:+.3f}, {:+.3f}]; {} samples in the last iteration\n",
             (effect->ratio() - 1) * 100, (interval[0] - 1) * 100, (interval[1] - 1) * 100,
             measurement.samples());
  for (const MonitorReport& report : measurement.reports()) {
    if (!report.sample_ns) continue;
    fmt::print("{}: {:.1f} µs of processor time a sample, every {:.0f} ms\n", report.monitor,
               *report.sample_ns * 1e-3, report.sample_period_ns.value_or(0) * 1e-6);
  }
  return 0;
}

}  // namespace
}  // namespace bv2

int main(int argc, char** argv) {
  try {
    return bv2::measure(bv2::arguments_of(std::span(argv, static_cast<std::size_t>(argc)).subspan(1)));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
