// One scenario from loading to its result.
#include "framework/scenario_runner.h"

#include <algorithm>
#include <exception>

#include "framework/memory_usage.h"
#include "framework/prompt.h"
#include "framework/sanity_check.h"
#include "framework/token_timeline.h"

namespace bv2 {
namespace {

// Enough to go through prefill and decode, short enough not to double the time of a run.
constexpr std::int64_t check_tokens = 4;

double seconds_since(std::int64_t start_ns) {
  return static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
}

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

/// Runs a phase with a memory mark of its own.
template <class Phase>
std::optional<std::int64_t> with_peak_memory(Phase&& phase) {
  const PeakMemory memory;
  memory.reset();
  phase();
  return memory.peak_bytes();
}

/// The steps of one scenario; what they share.
class ScenarioRun {
 public:
  ScenarioRun(const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
              const ScenarioSurroundings& run, ScenarioResult& result)
      : benchmark_(benchmark), config_(scenario.config), run_(run), result_(result) {}

  void load() {
    run_.observer.step_started(ScenarioStep::load);
    const std::int64_t start_ns = monotonic_now_ns();
    result_.phases.peak_host_memory.load =
        with_peak_memory([&] { session_ = benchmark_.benchmark->open(config_); });
    result_.phases.load_seconds = seconds_since(start_ns);
    result_.metadata.model = session_->facts();
    run_.interrupt.throw_if_raised();
    prompt_ = make_prompt(*session_, benchmark_.info, run_.options, config_);
    result_.metadata.prompt = prompt_.info;
    result_.metadata.config.sequence_length = prompt_.info.tokens;
  }

  void prepare() {
    run_.observer.step_started(ScenarioStep::prepare);
    const std::int64_t start_ns = monotonic_now_ns();
    result_.phases.peak_host_memory.prepare = with_peak_memory([&] { session_->prepare(); });
    result_.phases.prepare_seconds = seconds_since(start_ns);
    run_.interrupt.throw_if_raised();
  }

  void check() {
    run_.observer.step_started(ScenarioStep::check);
    const std::int64_t start_ns = monotonic_now_ns();
    check_session(*session_, prompt_.ids, std::min(check_tokens, config_.num_tokens_to_generate),
                  run_.interrupt);
    result_.phases.first_call_seconds = seconds_since(start_ns);
  }

  void warm_up() {
    run_.observer.step_started(ScenarioStep::warm_up);
    for (std::int64_t done = 1; done <= config_.warmup_iterations; ++done) {
      const TokenTimeline times = iterate();
      run_.observer.iteration_finished(ScenarioStep::warm_up, done, config_.warmup_iterations,
                                       latency_seconds(times));
    }
  }

  void measure() {
    run_.observer.step_started(ScenarioStep::measure);
    for (std::int64_t done = 1; done <= config_.measurement_iterations; ++done) {
      const TokenTimeline times = iterate();
      note(times);
      result_.error =
          fmt::format("interrupted after {} of {} iterations", done, config_.measurement_iterations);
      run_.observer.iteration_finished(ScenarioStep::measure, done, config_.measurement_iterations,
                                       latency_seconds(times));
      run_.keep(result_);
    }
  }

  void summarise_measurements() {
    for (const Metric& metric : metrics()) {
      std::vector<double> values;
      for (const Iteration& iteration : result_.iterations) {
        const auto value = metric.value({.batch = config_.batch_size,
                                         .prompt_tokens = prompt_.info.tokens,
                                         .start_ns = iteration.start_ns,
                                         .token_ns = iteration.token_ns});
        if (value) values.push_back(*value);
      }
      if (!values.empty()) {
        result_.measurements.emplace_back(metric.name,
                                          summarise(std::string(metric.unit), std::move(values)));
      }
    }
    if (const auto peak = result_.phases.peak_host_memory.generate) {
      result_.measurements.emplace_back("peak_host_memory", summarise("bytes", {static_cast<double>(*peak)}));
    }
  }

  /// check, warm_up and measure under one memory mark.
  void generate_all() {
    const PeakMemory memory;
    memory.reset();
    const auto read_peak = [&] { result_.phases.peak_host_memory.generate = memory.peak_bytes(); };
    try {
      check();
      warm_up();
      measure();
    } catch (...) {
      read_peak();
      throw;
    }
    read_peak();
  }

  /// What ran, whether or not it went well to the end.
  void note_effective() {
    if (session_) result_.metadata.effective = session_->effective();
  }

 private:
  TokenTimeline iterate() {
    TokenTimeline times(config_.batch_size, config_.num_tokens_to_generate, run_.interrupt);
    run_.interrupt.throw_if_raised();
    times.start();
    session_->generate(prompt_.ids, config_.num_tokens_to_generate, times);
    times.check_complete();
    return times;
  }

  static double latency_seconds(const TokenTimeline& times) {
    return static_cast<double>(times.token_ns().back() - times.start_ns()) * 1e-9;
  }

  void note(const TokenTimeline& times) {
    Iteration iteration{.start_ns = times.start_ns(),
                        .token_ns = {times.token_ns().begin(), times.token_ns().end()},
                        .order = run_.order++,
                        .flags = {}};
    const std::vector<std::int64_t> ids(times.first_row_ids().begin(), times.first_row_ids().end());
    if (result_.iterations.empty()) {
      result_.output = {.token_ids = ids, .text = session_->decode(ids)};
    } else if (ids != result_.output.token_ids) {
      iteration.flags.emplace_back("output_differs");
    }
    result_.iterations.push_back(std::move(iteration));
  }

  const PlannedBenchmark& benchmark_;
  const ScenarioConfig& config_;
  const ScenarioSurroundings& run_;
  ScenarioResult& result_;
  std::unique_ptr<Session> session_;
  Prompt prompt_;
};

}  // namespace

void run_scenario(const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
                  const ScenarioSurroundings& run, ScenarioResult& result) {
  result.status = ScenarioStatus::failed;
  result.error = "interrupted before an iteration was measured";
  ScenarioRun steps(benchmark, scenario, run, result);
  try {
    steps.load();
    steps.prepare();
    steps.generate_all();
    steps.note_effective();
    result.status = ScenarioStatus::success;
    result.error.reset();
  } catch (const Interrupted&) {
    steps.note_effective();
    steps.summarise_measurements();
    throw;
  } catch (const std::bad_alloc&) {
    result.error = "out of memory";
  } catch (const std::exception& error) {
    result.error = first_line(error.what());
  } catch (...) {
    result.error = "an exception that is no std::exception";
  }
  steps.summarise_measurements();
}

}  // namespace bv2
