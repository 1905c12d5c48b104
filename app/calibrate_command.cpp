// `calibrate`: how far the tool can be trusted on this machine.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "app/commands.h"
#include "app/table.h"
#include "base/clock.h"
#include "framework/calibration.h"
#include "framework/prompt.h"
#include "framework/run_plan.h"

namespace bv2::app {
namespace {

constexpr std::size_t timing_iterations = 100;
constexpr std::size_t monitor_repetitions = 200;

/// Takes tokens and gives nothing back: what is compared are times of whole calls.
class NullSink final : public TokenSink {
 public:
  void on_tokens(std::span<const std::int64_t> /*ids*/) override {}
};

/// A scenario that is loaded and warm.
class ReadyScenario {
 public:
  ReadyScenario(const PlannedBenchmark& planned, const PromptRequest& request)
      : config_(planned.scenarios.front().config), session_(planned.benchmark->open(config_)) {
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

FalseVerdicts false_verdicts(const CommandContext& context, const PlannedBenchmark& planned) {
  const PromptRequest request = prompt_request(context.line.run);
  ReadyScenario a(planned, request);
  ReadyScenario b(planned, request);
  const RepeatedComparison how{
      .comparisons = context.line.comparisons,
      .iterations = static_cast<std::size_t>(context.line.run.measurement_iterations)};
  const auto progress = [&](std::size_t done) {
    context.console.status(fmt::format("comparing a scenario with itself: {} of {}", done, how.comparisons));
  };
  return compare_repeatedly([&] { return a.iterate(); }, [&] { return b.iterate(); }, how, context.interrupt,
                            progress);
}

void print(const CommandContext& context, const Calibration& calibration) {
  if (context.line.format == OutputFormat::json || context.line.format == OutputFormat::jsonl) {
    return context.output.write(json_text(to_json(calibration)));
  }
  for (const std::string& line : calibration_verdicts(calibration)) context.output.write(line + "\n");
  Table table;
  table.columns = {{"monitor"}, {"µs an iteration", Align::right}};
  for (const MonitorCost& cost : calibration.monitor_costs) {
    table.rows.push_back(
        {.cells = {cost.monitor, fmt::format("{:.1f}", cost.median_ns * 1e-3)}, .remark = {}});
  }
  const bool markdown = context.line.format == OutputFormat::md;
  context.output.write("\n" + render(table, markdown ? TableFormat::markdown : TableFormat::plain));
}

}  // namespace

int calibrate_command(const CommandContext& context) {
  const std::vector<PlannedBenchmark> plan = plan_run(context.benchmarks, context.line.run);
  const PlannedBenchmark& planned = plan.front();
  Calibration calibration;
  calibration.scenario = planned.name + " " + planned.scenarios.front().name;
  calibration.timing_errors = measure_timing_errors(timing_iterations, context.interrupt);
  calibration.monitor_costs = measure_monitor_costs(monitor_repetitions);
  calibration.false_verdicts = false_verdicts(context, planned);
  context.console.status({});
  print(context, calibration);
  return 0;
}

}  // namespace bv2::app
