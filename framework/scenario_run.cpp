// One scenario from loading the model to its result.
#include "framework/scenario_run.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "base/clock.h"
#include "framework/check_sink.h"
#include "framework/token_timeline.h"

namespace bv2 {
namespace {

/// Enough to see a prefill, the change to decode and decode itself.
constexpr std::int64_t check_tokens = 4;

/// Runs `work` and says how long it took.
template <class Work>
double seconds_of(Work&& work) {
  const std::int64_t start_ns = monotonic_now_ns();
  work();
  return static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

class ScenarioRun {
 public:
  ScenarioRun(const PlannedBenchmark& benchmark, const PlannedScenario& scenario, ScenarioMetadata metadata,
              ScenarioSurroundings& surroundings, const ScenarioProgress& progress)
      : benchmark_(benchmark), config_(scenario.config), around_(surroundings), progress_(progress) {
    result_.scenario_name = scenario.name;
    result_.scenario_description = scenario.description;
    result_.metadata = std::move(metadata);
    result_.metadata.config = scenario.config;
  }

  ScenarioResult run() {
    try {
      load();
      prepare();
      check();
      warm_up();
      measure();
      result_.metadata.effective = session_->effective();
      result_.status = ScenarioStatus::success;
      result_.error.reset();
    } catch (const Interrupted&) {
      fail_with(interruption());
    } catch (const Unavailable& lack) {
      fail_with(one_line(lack.what()));
      result_.status = ScenarioStatus::skipped;
    } catch (const std::bad_alloc&) {
      fail_with("out of memory");
    } catch (const std::exception& error) {
      fail_with(one_line(error.what()));
    } catch (...) {
      fail_with("an exception that says nothing about itself");
    }
    if (result_.status != ScenarioStatus::success) describe_what_ran_so_far();
    summarise_measurements();
    return std::move(result_);
  }

 private:
  void begin(ScenarioStep step) {
    around_.interrupt.throw_if_raised();
    around_.observer.step_started(step);
  }

  void load() {
    begin(ScenarioStep::load);
    around_.memory.reset();
    result_.phases.load_seconds =
        seconds_of([&] { session_ = benchmark_.benchmark->open(config_to_open(benchmark_, config_)); });
    result_.phases.peak_host_memory.load = around_.memory.peak_bytes();
    result_.metadata.model = session_->facts();
    prompt_ = make_prompt(*session_, *result_.metadata.model, benchmark_.info, config_, around_.prompt);
    result_.metadata.prompt = prompt_.info;
    result_.metadata.config.sequence_length = prompt_.ids.tokens;
  }

  void prepare() {
    begin(ScenarioStep::prepare);
    around_.memory.reset();
    result_.phases.prepare_seconds = seconds_of([&] { session_->prepare(); });
    result_.phases.peak_host_memory.prepare = around_.memory.peak_bytes();
  }

  void check() {
    begin(ScenarioStep::check);
    around_.memory.reset();
    const std::int64_t new_tokens = std::min(check_tokens, config_.num_tokens_to_generate);
    CheckSink sink(config_.batch_size, new_tokens, result_.metadata.model->vocab_size, around_.interrupt);
    result_.phases.first_call_seconds =
        seconds_of([&] { session_->generate(prompt_.ids, new_tokens, sink); });
    sink.check_complete();
    note_generate_memory();
  }

  void warm_up() {
    begin(ScenarioStep::warm_up);
    TokenTimeline timeline = new_timeline();
    for (std::int64_t done = 0; done < config_.warmup_iterations; ++done) {
      iterate(timeline);
      report(ScenarioStep::warm_up, done + 1, config_.warmup_iterations, timeline);
    }
    note_generate_memory();
  }

  void measure() {
    begin(ScenarioStep::measure);
    TokenTimeline timeline = new_timeline();
    for (std::int64_t done = 0; done < config_.measurement_iterations; ++done) {
      around_.memory.reset();
      iterate(timeline);
      keep(timeline);
      report(ScenarioStep::measure, done + 1, config_.measurement_iterations, timeline);
      show_progress();
    }
    result_.output.text = session_->decode(result_.output.token_ids);
  }

  [[nodiscard]] TokenTimeline new_timeline() const {
    return {config_.batch_size, config_.num_tokens_to_generate, around_.interrupt};
  }

  void iterate(TokenTimeline& timeline) {
    around_.interrupt.throw_if_raised();
    timeline.start();
    session_->generate(prompt_.ids, config_.num_tokens_to_generate, timeline);
    timeline.check_complete();
  }

  void keep(const TokenTimeline& timeline) {
    Iteration iteration;
    iteration.start_ns = timeline.start_ns();
    iteration.token_ns.assign(timeline.token_ns().begin(), timeline.token_ns().end());
    iteration.order = around_.measured_iterations++;
    const std::span<const std::int64_t> ids = timeline.first_row_ids();
    if (result_.iterations.empty()) result_.output.token_ids.assign(ids.begin(), ids.end());
    if (!std::ranges::equal(ids, result_.output.token_ids)) iteration.flags.emplace_back("output_differs");
    result_.iterations.push_back(std::move(iteration));
    if (const auto peak_bytes = note_generate_memory()) {
      peak_memory_bytes_.push_back(static_cast<double>(*peak_bytes));
    }
  }

  std::optional<std::int64_t> note_generate_memory() {
    const std::optional<std::int64_t> peak_bytes = around_.memory.peak_bytes();
    std::optional<std::int64_t>& largest = result_.phases.peak_host_memory.generate;
    if (peak_bytes) largest = std::max(*peak_bytes, largest.value_or(0));
    return peak_bytes;
  }

  void report(ScenarioStep step, std::int64_t done, std::int64_t of, const TokenTimeline& timeline) {
    const std::int64_t duration_ns = timeline.token_ns().back() - timeline.start_ns();
    around_.observer.iteration_finished(step, done, of, static_cast<double>(duration_ns) * 1e-9);
  }

  void show_progress() {
    if (!progress_.due()) return;
    fail_with(interruption());
    describe_what_ran_so_far();
    summarise_measurements();
    progress_.keep(result_);
  }

  [[nodiscard]] std::string interruption() const {
    return fmt::format("interrupted after {} of {} iterations", result_.iterations.size(),
                       config_.measurement_iterations);
  }

  void fail_with(std::string line) {
    result_.status = ScenarioStatus::failed;
    result_.error.emplace(std::move(line));
  }

  void describe_what_ran_so_far() {
    if (!session_) return;
    try {
      result_.metadata.effective = session_->effective();
    } catch (const std::exception&) {
      // The scenario has its error already; a second one would only hide it.
    }
  }

  void summarise_measurements() {
    result_.measurements.clear();
    if (result_.iterations.empty()) return;
    for (const Metric& metric : metrics()) {
      std::vector<double> values;
      for (const Iteration& iteration : result_.iterations) {
        const IterationTimes times{config_.batch_size, prompt_.ids.tokens, iteration.start_ns,
                                   iteration.token_ns};
        if (const auto value = metric.value(times)) values.push_back(*value);
      }
      result_.measurements.emplace_back(metric.name, summarise(std::string(metric.unit), std::move(values)));
    }
    result_.measurements.emplace_back("peak_host_memory", summarise("bytes", peak_memory_bytes_));
  }

  const PlannedBenchmark& benchmark_;
  const ScenarioConfig& config_;
  ScenarioSurroundings& around_;
  const ScenarioProgress& progress_;
  ScenarioResult result_;
  std::unique_ptr<Session> session_;
  Prompt prompt_;
  std::vector<double> peak_memory_bytes_;
};

}  // namespace

ScenarioResult run_scenario(const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
                            ScenarioMetadata metadata, ScenarioSurroundings& surroundings,
                            const ScenarioProgress& progress) {
  return ScenarioRun(benchmark, scenario, std::move(metadata), surroundings, progress).run();
}

}  // namespace bv2
