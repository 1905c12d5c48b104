// `calibrate`: how far the tool can be trusted on this machine.
#include <fmt/format.h>
#include <spdlog/logger.h>

#include <memory>
#include <string>

#include "app/commands.h"
#include "app/hub_access.h"
#include "app/progress.h"
#include "app/table.h"
#include "base/clock.h"
#include "framework/calibration.h"
#include "framework/prompt.h"
#include "framework/run_plan.h"

namespace bv2::app {
namespace {

constexpr std::size_t timing_iterations = 100;

/// Takes tokens and gives nothing back: what is compared are times of whole calls.
class NullSink final : public TokenSink {
 public:
  void on_tokens(std::span<const std::int64_t> /*ids*/) override {}
};

/// A scenario that is loaded and warm.
class ReadyScenario {
 public:
  ReadyScenario(const PlannedBenchmark& planned, const PromptRequest& request)
      : config_(config_to_open(planned, planned.scenarios.front().config)),
        session_(planned.benchmark->open(config_)) {
    prompt_ = make_prompt(*session_, session_->facts(), planned.info, config_, request);
    session_->prepare({.prompt = prompt_.ids, .new_tokens = config_.num_tokens_to_generate});
    for (std::int64_t i = 0; i < config_.warmup_iterations; ++i) iterate();
  }
  double iterate() {
    NullSink sink;
    const std::int64_t start_ns = monotonic_now_ns();
    session_->generate(prompt_.ids, config_.num_tokens_to_generate, sink);
    return static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
  }

 private:
  ScenarioConfig config_;
  std::unique_ptr<Session> session_;
  Prompt prompt_;
};

/// "comparing a scenario with itself: 3 of 40, 2:10 left"; lines where there is no terminal.
class CalibrationProgress {
 public:
  CalibrationProgress(const CommandContext& context, std::string what, std::size_t steps)
      : context_(context), what_(std::move(what)), steps_(steps) {}
  void operator()(std::size_t done) {
    const std::int64_t now_ns = monotonic_now_ns();
    const double step_seconds = static_cast<double>(now_ns - start_ns_) * 1e-9 / static_cast<double>(done);
    const std::string text = fmt::format("{}: {} of {}, {} left", what_, done, steps_,
                                         format_duration(step_seconds * static_cast<double>(steps_ - done)));
    if (context_.console.terminal()) return context_.console.status(text);
    constexpr std::int64_t quiet_ns = 10'000'000'000;
    if (now_ns - last_line_ns_ < quiet_ns) return;
    last_line_ns_ = now_ns;
    context_.log->info("{}", text);
  }

 private:
  const CommandContext& context_;
  std::string what_;
  std::size_t steps_;
  std::int64_t start_ns_ = monotonic_now_ns();
  std::int64_t last_line_ns_ = start_ns_;
};

/// Two sessions of the same: as two scenarios of a run are.
void measure_scenario(const CommandContext& context, const PlannedBenchmark& planned,
                      Calibration& calibration) {
  const PromptRequest request = prompt_request(context.line.run);
  context.console.status("loading a scenario twice");
  ReadyScenario a(planned, request);
  ReadyScenario b(planned, request);
  const MonitorMeasurement monitors;
  calibration.monitor_costs = measure_monitor_costs(
      [&] { return a.iterate(); }, monitors, context.interrupt,
      CalibrationProgress(context, "a scenario with and without monitors", monitors.rounds));
  const RepeatedComparison how{
      .comparisons = context.line.comparisons,
      .iterations = static_cast<std::size_t>(context.line.run.measurement_iterations)};
  calibration.false_verdicts =
      compare_repeatedly([&] { return a.iterate(); }, [&] { return b.iterate(); }, how, context.interrupt,
                         CalibrationProgress(context, "comparing a scenario with itself", how.comparisons));
}

void print(const CommandContext& context, const Calibration& calibration) {
  if (context.line.format == OutputFormat::json || context.line.format == OutputFormat::jsonl) {
    return context.output.write(json_text(to_json(calibration)));
  }
  for (const std::string& line : calibration_verdicts(calibration)) context.output.write(line + "\n");
  Table table;
  table.columns = {
      {"monitor"}, {"around it, µs", Align::right}, {"latency, %", Align::right}, {"95% interval"}};
  for (const MonitorCost& cost : calibration.monitor_costs) {
    std::vector<std::string> cells{cost.monitor, fmt::format("{:.1f}", cost.median_ns * 1e-3), "-", ""};
    if (cost.latency_percent_ci95) {
      const auto [low, high] = *cost.latency_percent_ci95;
      cells[2] = fmt::format("{:+.2f}", *cost.latency_percent);
      cells[3] = fmt::format("[{:+.2f}, {:+.2f}]", low, high);
    }
    table.rows.push_back({.cells = std::move(cells), .remark = {}});
  }
  const bool markdown = context.line.format == OutputFormat::md;
  context.output.write("\n" + render(table, markdown ? TableFormat::markdown : TableFormat::plain));
}

}  // namespace

int calibrate_command(const CommandContext& context) {
  const HubAccess hub(context);
  std::vector<PlannedBenchmark> plan = plan_run(context.benchmarks, context.line.run, hub.locator());
  locate_models(std::span(plan).first(1), hub.locator());
  const PlannedBenchmark& planned = plan.front();
  Calibration calibration;
  calibration.scenario = planned.name + " " + planned.scenarios.front().name;
  calibration.timing_errors = measure_timing_errors(timing_iterations, context.interrupt);
  measure_scenario(context, planned, calibration);
  context.console.status({});
  print(context, calibration);
  return 0;
}

}  // namespace bv2::app
