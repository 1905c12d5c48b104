// One scenario as the run sees it: its worker, and what is known of its result.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "framework/journal.h"
#include "framework/prompt.h"
#include "framework/result.h"
#include "framework/run_monitors.h"
#include "framework/run_observer.h"
#include "framework/run_plan.h"
#include "framework/scenario_references.h"
#include "framework/stopping.h"
#include "framework/worker/worker.h"

namespace bv2 {

class ScenarioRun;

/// What the scenarios of a run share.
struct RunSetting {
  RunObserver& observer;
  const InterruptFlag& interrupt;
  PromptRequest prompt{};
  std::filesystem::path dump_graph_dir{};  ///< compiled scenarios write below it; empty: none does
  std::filesystem::path dump_code_dir{};
  /// Appends to the journal; does not throw.
  std::function<void(const std::function<void(Journal&)>& append)> journal{};
  /// A worker for that scenario.
  std::function<std::unique_ptr<Worker>(const ScenarioRun& scenario)> new_worker{};
  /// Those that run; and those that sample beside the workers, null: none.
  MonitorNames monitor_names = all_monitor_names();
  RunMonitors* monitors = nullptr;
  /// What is known before a scenario begins.
  std::function<ScenarioMetadata(const PlannedBenchmark&)> metadata{};
  /// What the machine can do, as far as it is known; null where it is not measured.
  std::function<Json()> measured_peaks = [] { return Json(); };
  /// What the scenario of that index is held against.
  std::function<ScenarioReference(std::int64_t index)> reference{};
  std::int64_t tokens_to_profile = 0;  ///< 0: nothing is traced
  /// A new file for the scenario's trace. Throws Error.
  std::function<std::filesystem::path(const ScenarioRun& scenario)> trace_file{};
};

/// Drives a worker through its steps. Each step's outcome becomes a record, which goes to the journal and is
/// then applied; a run that is resumed applies the records of its journal first. So a result never holds what
/// the journal does not.
class ScenarioRun {
 public:
  /// `index` counts from 0 over the whole run. All references must outlive it.
  ScenarioRun(std::int64_t index, const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
              const RunSetting& setting);

  void apply(const LaunchRecord& record);
  void apply(const IterationRecord& record);
  void apply(const ProfileRecord& record);
  void apply(const EndRecord& record);

  /// Starts a worker for that pass: loads, prepares, checks, warms up. Whatever goes wrong ends the scenario.
  /// Throws Interrupted.
  void launch(std::int64_t pass);
  /// Ends the scenario without having begun it.
  void skip(const std::string& reason);
  /// One measured iteration; likewise.
  void iterate(std::int64_t order, std::int64_t round);
  /// Traces a generation, where the run is to. What goes wrong with that is told in the result, and what was
  /// measured stands. Throws Interrupted.
  void profile();
  /// Lets the worker go.
  void retire() { worker_.reset(); }
  /// Ends the scenario. `error` unless it is a success.
  void end(ScenarioStatus status, std::string error = {});

  [[nodiscard]] bool ended() const { return ended_; }
  /// Whether there is anything to tell of it.
  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] std::int64_t index() const { return index_; }
  [[nodiscard]] const PlannedBenchmark& benchmark() const { return *benchmark_; }
  [[nodiscard]] const std::string& name() const { return scenario_->name; }
  /// Of the benchmark's scenarios, from 0.
  [[nodiscard]] std::size_t place() const {
    return static_cast<std::size_t>(scenario_ - benchmark_->scenarios.data());
  }
  /// How far it is in that pass; it must outlive that.
  [[nodiscard]] MeasuredSoFar measured(std::int64_t pass);
  /// Of all launches.
  [[nodiscard]] std::int64_t iterations() const {
    return static_cast<std::int64_t>(result_.iterations.size());
  }
  /// The round and the pass that it was last in; -1: none yet.
  [[nodiscard]] std::int64_t last_round() const;
  [[nodiscard]] std::int64_t last_pass() const { return pass_; }
  /// The largest resident memory that it was seen with; missing before it was loaded.
  [[nodiscard]] std::optional<std::int64_t> peak_bytes() const;
  /// Of all measured iterations together.
  [[nodiscard]] std::int64_t measured_ns() const;
  /// All time that it has taken in this sitting, towards --scenario-timeout.
  [[nodiscard]] std::int64_t spent_ns() const { return spent_ns_; }

  /// With the statistics of what was measured until now; `failed` and interrupted unless it ended.
  [[nodiscard]] ScenarioResult result() const;

 private:
  /// See latency_precision.
  std::optional<double> precision();
  [[nodiscard]] LaunchRecord new_launch(std::int64_t pass) const;
  /// Does `work`; an exception of it, but for an interruption, ends the scenario.
  void guarded(const std::function<void()>& work);
  /// What an interrupted launch found out belongs to the result, but not to what a resumed run goes on from.
  void show_unkept(const LaunchRecord& record);
  void begin(ScenarioStep step);
  void ask_for_monitors(LaunchRecord& record);
  void load(LaunchRecord& record);
  void prepare(LaunchRecord& record);
  void check(LaunchRecord& record);
  void warm_up(LaunchRecord& record);
  void add_samples(Iteration& iteration) const;
  void describe_what_ran_so_far(LaunchRecord& record);
  void describe_first(IterationRecord& record, std::vector<std::int64_t> token_ids);

  template <class Record>
  void keep(const Record& record) {
    setting_->journal([&](Journal& journal) { journal.append(record); });
    apply(record);
  }

  std::int64_t index_;
  const PlannedBenchmark* benchmark_;
  const PlannedScenario* scenario_;
  const RunSetting* setting_;
  std::unique_ptr<Worker> worker_;
  ScenarioResult result_;
  bool started_ = false;
  bool ended_ = false;
  std::int64_t launches_ = 0;
  std::int64_t pass_ = -1;
  std::int64_t iterations_in_pass_ = 0;
  std::int64_t spent_ns_ = 0;
  std::vector<double> latency_seconds_;
  NamedValues<double> idle_watts_;
  std::optional<double> precision_;
  std::size_t precision_looked_at_ = 0;  ///< iterations that there were then
};

}  // namespace bv2
