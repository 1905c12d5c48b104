// One scenario as the run sees it: its worker, and what is known of its result.
#include "framework/scenario_run.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "framework/gate.h"
#include "framework/monitors/counter_names.h"
#include "framework/scenario_monitors.h"
#include "framework/scenario_roofline.h"
#include "framework/scenario_summary.h"
#include "framework/token_timeline.h"
#include "framework/worker/messages.h"

namespace bv2 {
namespace {

double latency_seconds_of(const Iteration& iteration) {
  if (iteration.token_ns.empty()) return 0;
  return static_cast<double>(iteration.token_ns.back() - iteration.start_ns) * 1e-9;
}

void raise_to(std::optional<std::int64_t>& largest, std::optional<std::int64_t> value) {
  if (value) largest = std::max(*value, largest.value_or(0));
}

/// What an iteration had, into the phase "generate".
void raise_to(PeakHostMemory& memory, const CounterValues& counters) {
  raise_to(memory.generate, counter_value(counters, peak_memory_counter));
  raise_to(memory.anonymous.generate, counter_value(counters, anonymous_memory_counter));
  raise_to(memory.file_backed.generate, counter_value(counters, file_memory_counter));
}

/// Of the monitors that sample beside the workers; none where there are none.
std::vector<MonitorSamples> samples_beside(const RunSetting& setting, std::int64_t from_ns,
                                           std::int64_t to_ns) {
  if (setting.monitors == nullptr) return {};
  return setting.monitors->samples(from_ns, to_ns);
}

}  // namespace

ScenarioRun::ScenarioRun(std::int64_t index, const PlannedBenchmark& benchmark,
                         const PlannedScenario& scenario, const RunSetting& setting)
    : index_(index), benchmark_(&benchmark), scenario_(&scenario), setting_(&setting) {
  result_.scenario_name = scenario.name;
  result_.scenario_description = scenario.description;
  result_.metadata.config = scenario.config;
}

void ScenarioRun::apply(const LaunchRecord& record) {
  if (launches_ == 0) {
    result_.metadata = record.metadata;
    result_.phases = record.phases;
    result_.verification = record.verification;
    result_.monitors = record.monitors;
    idle_watts_ = record.idle_watts;
  }
  if (record.pass != pass_) iterations_in_pass_ = 0;
  pass_ = record.pass;
  result_.steady_state.push_back({});
  result_.steady_state.back().warm_up_seconds = record.warm_up_seconds;
  started_ = true;
  ++launches_;
}

void ScenarioRun::apply(const IterationRecord& record) {
  if (record.output) result_.output = *record.output;
  if (record.effective) result_.metadata.effective = *record.effective;
  latency_seconds_.push_back(latency_seconds_of(record.iteration));
  raise_to(result_.phases.peak_host_memory, record.iteration.counters);
  result_.iterations.push_back(record.iteration);
  ++iterations_in_pass_;
}

void ScenarioRun::apply(const ProfileRecord& record) { result_.profile = record.profile; }

void ScenarioRun::apply(const EndRecord& record) {
  result_.status = record.status;
  result_.error = record.error;
  if (record.measured_peaks) result_.metadata.hardware_info.measured_peaks = *record.measured_peaks;
  ended_ = true;
}

void ScenarioRun::launch(std::int64_t pass) {
  setting_->interrupt.throw_if_raised();
  LaunchRecord record = new_launch(pass);
  setting_->observer.scenario_started(index_, benchmark_->name, scenario_->name);
  started_ = true;
  guarded([&] {
    try {
      load(record);
      prepare(record);
      check(record);
      warm_up(record);
      ask_for_monitors(record);
    } catch (const Interrupted&) {
      show_unkept(record);
      throw;
    } catch (const ScenarioFailure&) {
      describe_what_ran_so_far(record);
      keep(record);
      throw;
    }
    keep(record);
    begin(ScenarioStep::measure);
  });
}

LaunchRecord ScenarioRun::new_launch(std::int64_t pass) const {
  LaunchRecord record{.scenario = index_, .pass = pass};
  record.metadata = setting_->metadata(*benchmark_);
  record.metadata.config = scenario_->config;
  return record;
}

void ScenarioRun::skip(const std::string& reason) {
  keep(new_launch(0));
  end(ScenarioStatus::skipped, reason);
}

void ScenarioRun::show_unkept(const LaunchRecord& record) {
  if (launches_ > 0) return;
  result_.metadata = record.metadata;
  result_.phases = record.phases;
  result_.verification = record.verification;
}

void ScenarioRun::guarded(const std::function<void()>& work) {
  const std::int64_t start_ns = monotonic_now_ns();
  try {
    work();
    spent_ns_ += monotonic_now_ns() - start_ns;
  } catch (const ScenarioFailure& failure) {
    end(failure.status(), failure.what());
  } catch (const Error& error) {
    end(ScenarioStatus::failed, error.what());
  }
}

void ScenarioRun::begin(ScenarioStep step) {
  setting_->interrupt.throw_if_raised();
  setting_->observer.step_started(index_, step);
}

void ScenarioRun::load(LaunchRecord& record) {
  begin(ScenarioStep::load);
  worker_ = setting_->new_worker(*this);
  const LoadRequest::Reply loaded =
      worker_->ask(LoadRequest{.benchmark = benchmark_->info.name,
                               .config = config_to_open(*benchmark_, scenario_->config),
                               .monitors = setting_->monitor_names});
  record.phases.load_seconds = loaded.seconds;
  PeakHostMemory& memory = record.phases.peak_host_memory;
  memory.load = loaded.memory.peak;
  memory.anonymous.load = loaded.memory.anonymous;
  memory.file_backed.load = loaded.memory.file_backed;
  record.metadata.model = loaded.model;
  record.metadata.prompt = worker_->ask(MakePromptRequest{.prompt = setting_->prompt});
  // Of unequal prompts no length would give the same scenario again.
  if (!record.metadata.prompt->own_tokens)
    record.metadata.config.sequence_length = record.metadata.prompt->tokens;
  memory.analytic = analytic_memory(record.metadata);
}

void ScenarioRun::prepare(LaunchRecord& record) {
  begin(ScenarioStep::prepare);
  const auto below = [&](const std::filesystem::path& dir) {
    return dir.empty() ? std::string() : (dir / benchmark_->name / scenario_->name).string();
  };
  const PrepareRequest::Reply prepared = worker_->ask(PrepareRequest{
      .dump_graph_dir = below(setting_->dump_graph_dir), .dump_code_dir = below(setting_->dump_code_dir)});
  record.phases.prepare_seconds = prepared.phase.seconds;
  PeakHostMemory& memory = record.phases.peak_host_memory;
  memory.prepare = prepared.phase.memory.peak;
  memory.anonymous.prepare = prepared.phase.memory.anonymous;
  memory.file_backed.prepare = prepared.phase.memory.file_backed;
  record.phases.preparation.emplace(prepared.times);
}

void ScenarioRun::check(LaunchRecord& record) {
  begin(ScenarioStep::check);
  const ScenarioReference reference = setting_->reference(index_);
  CheckRequest::Reply checked = worker_->ask(CheckRequest{.reference = reference.file.string()});
  record.phases.first_call_seconds = checked.phase.seconds;
  raise_to(record.phases.peak_host_memory.generate, checked.phase.memory.peak);
  record.verification =
      reference.file.empty() ? not_verified(reference.reason) : std::move(checked.verification);
  if (!reference.file.empty() && record.verification.status == VerificationStatus::not_run) {
    setting_->observer.problem(fmt::format("{} is timed without being held against {}: {}", scenario_->name,
                                           gate_reference, record.verification.reason.value_or("?")));
  }
  if (record.verification.status == VerificationStatus::failed) {
    throw ScenarioFailure(ScenarioStatus::failed,
                          fmt::format("the output is not that of {}: {}", gate_reference,
                                      record.verification.reason.value_or("it differs")));
  }
}

void ScenarioRun::warm_up(LaunchRecord& record) {
  begin(ScenarioStep::warm_up);
  const std::int64_t iterations = scenario_->config.warmup_iterations;
  for (std::int64_t done = 0; done < iterations; ++done) {
    setting_->interrupt.throw_if_raised();
    const IterateRequest::Reply reply = worker_->ask(IterateRequest{});
    raise_to(record.phases.peak_host_memory, reply.iteration.counters);
    record.warm_up_seconds.push_back(latency_seconds_of(reply.iteration));
    setting_->observer.iteration_finished(index_, ScenarioStep::warm_up, done + 1, iterations,
                                          record.warm_up_seconds.back());
  }
}

void ScenarioRun::ask_for_monitors(LaunchRecord& record) {
  const std::vector<MonitorReport> at_edges = worker_->ask(MonitorsRequest{}).monitors;
  if (setting_->monitors == nullptr) {
    record.monitors = joined(at_edges, {});
    return;
  }
  record.monitors = joined(at_edges, setting_->monitors->reports());
  record.idle_watts = setting_->monitors->idle_watts();
}

void ScenarioRun::add_samples(Iteration& iteration) const {
  if (iteration.token_ns.empty()) return;
  std::vector<MonitorSamples> taken =
      samples_beside(*setting_, iteration.start_ns, iteration.token_ns.back());
  if (!taken.empty()) iteration.samples.emplace(std::move(taken));
}

void ScenarioRun::iterate(std::int64_t order, std::int64_t round) {
  setting_->interrupt.throw_if_raised();
  guarded([&] {
    IterateRequest::Reply reply = worker_->ask(IterateRequest{});
    IterationRecord record{.scenario = index_, .iteration = std::move(reply.iteration)};
    record.iteration.order = order;
    record.iteration.round = round;
    record.iteration.launch = launches_ - 1;
    add_samples(record.iteration);
    if (result_.iterations.empty()) {
      describe_first(record, std::move(reply.token_ids));
    } else if (reply.token_ids != result_.output.token_ids) {
      record.iteration.flags.emplace_back("output_differs");
    }
    keep(record);
    setting_->observer.iteration_finished(index_, ScenarioStep::measure, iterations_in_pass_,
                                          scenario_->config.measurement_iterations, latency_seconds_.back());
  });
}

void ScenarioRun::profile() {
  if (setting_->tokens_to_profile == 0) return;
  begin(ScenarioStep::profile);
  ProfileRecord record{.scenario = index_, .profile = {}};
  std::filesystem::path file;
  try {
    if (!worker_) fail("it was measured to the end before the run was resumed, and its process is gone");
    file = setting_->trace_file(*this);
    const ProfileRequest::Reply reply =
        worker_->ask(ProfileRequest{.title = fmt::format("{} {}", benchmark_->model_name, scenario_->name),
                                    .new_tokens = setting_->tokens_to_profile});
    record.profile = reply.profile;
    worker_->ask(WriteTraceRequest{.file = file.string(),
                                   .samples = samples_beside(*setting_, reply.start_ns, reply.end_ns)});
    record.profile.file = file.filename().string();
  } catch (const Error& error) {
    record.profile.error.emplace(error.what());
    setting_->observer.problem(fmt::format("{} was not traced: {}", scenario_->name, error.what()));
    std::error_code ignored;
    if (!file.empty()) std::filesystem::remove(file, ignored);
  }
  keep(record);
}

void ScenarioRun::describe_first(IterationRecord& record, std::vector<std::int64_t> token_ids) {
  DescribeRequest::Reply described = worker_->ask(DescribeRequest{.token_ids = token_ids});
  record.output.emplace(ScenarioOutput{.token_ids = std::move(token_ids), .text = std::move(described.text)});
  record.effective.emplace(std::move(described.effective));
}

void ScenarioRun::describe_what_ran_so_far(LaunchRecord& record) {
  if (!worker_ || !record.metadata.model) return;
  try {
    record.metadata.effective = worker_->ask(DescribeRequest{}).effective;
  } catch (const ScenarioFailure&) {
    // The scenario has its error already; a second one would only hide it.
  }
}

void ScenarioRun::end(ScenarioStatus status, std::string error) {
  worker_.reset();
  EndRecord record{.scenario = index_, .status = status, .error = {}, .measured_peaks = {}};
  Json peaks = setting_->measured_peaks();
  if (!peaks.is_null()) record.measured_peaks.emplace(std::move(peaks));
  if (status != ScenarioStatus::success) record.error.emplace(std::move(error));
  keep(record);
}

std::optional<double> ScenarioRun::precision() {
  // Looked at anew when a 32nd more iterations are there: of many, one more changes little, and looking takes
  // a while (perf/framework_overhead_perf).
  constexpr std::size_t part = 32;
  const std::size_t iterations = latency_seconds_.size();
  if (iterations > precision_looked_at_ + precision_looked_at_ / part) {
    precision_ = latency_precision(result_);
    precision_looked_at_ = iterations;
  }
  return precision_;
}

MeasuredSoFar ScenarioRun::measured(std::int64_t pass) {
  return {.latency_seconds = latency_seconds_,
          .precision = [this] { return precision(); },
          .iterations_in_launch = pass == pass_ ? iterations_in_pass_ : 0,
          .least_iterations = scenario_->config.measurement_iterations};
}

std::int64_t ScenarioRun::last_round() const {
  return result_.iterations.empty() ? -1 : result_.iterations.back().round;
}

std::int64_t ScenarioRun::measured_ns() const {
  std::int64_t sum_ns = 0;
  for (const Iteration& iteration : result_.iterations) {
    if (!iteration.token_ns.empty()) sum_ns += iteration.token_ns.back() - iteration.start_ns;
  }
  return sum_ns;
}

std::optional<std::int64_t> ScenarioRun::peak_bytes() const {
  const PeakHostMemory& peak = result_.phases.peak_host_memory;
  return std::max({peak.load, peak.prepare, peak.generate});
}

ScenarioResult ScenarioRun::result() const {
  ScenarioResult result = result_;
  if (!ended_) {
    result.status = ScenarioStatus::failed;
    result.error.emplace(fmt::format("interrupted after {} of {} iterations", iterations_in_pass_,
                                     scenario_->config.measurement_iterations));
  }
  if (result.iterations.empty()) return result;
  summarise_scenario(result);
  summarise_monitors(result, idle_watts_);
  result.roofline = scenario_roofline(result);
  return result;
}

}  // namespace bv2
