// Runs benchmarks and leaves their result documents.
#include "framework/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/cpu_topology.h"
#include "framework/free_memory.h"
#include "framework/git_info.h"
#include "framework/reference_store.h"
#include "framework/result_writer.h"
#include "framework/resumption.h"
#include "framework/rounds.h"
#include "framework/run_limits.h"
#include "framework/run_monitors.h"
#include "framework/run_plan.h"
#include "framework/scenario_references.h"
#include "framework/timestamp.h"
#include "framework/worker/local_monitors.h"
#include "framework/worker/local_worker.h"
#include "framework/worker/worker_process.h"

namespace bv2 {
namespace {

constexpr std::int64_t summary_file = -1;

/// Of each answer; drivers of many devices take seconds to open.
constexpr std::int64_t monitor_timeout_ns = 30'000'000'000;

std::uint64_t random_64() {
  std::random_device random;
  return (std::uint64_t{random()} << 32U) | random();
}

/// A random UUID (version 4).
std::string new_uuid() {
  const std::uint64_t high = (random_64() & ~std::uint64_t{0xf000}) | 0x4000U;
  const std::uint64_t low = (random_64() & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{1} << 63U);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                     high & 0xffffU, low >> 48U, low & 0xffffffffffffU);
}

GitInfo commit_of(const RunOptions& options) {
  GitInfo git{options.commit_id, options.branch_name, options.commit_message};
  if (git.commit_id && git.branch_name && git.commit_message) return git;
  const GitInfo found = read_git_info(std::filesystem::current_path());
  if (!git.commit_id) git.commit_id = found.commit_id;
  if (!git.branch_name) git.branch_name = found.branch_name;
  if (!git.commit_message) git.commit_message = found.commit_message;
  return git;
}

/// All that decides what a run measures: what a resumed one must have in common with its beginning.
Json asked_of(std::span<const PlannedBenchmark> plan, const RunOptions& options,
              const PromptRequest& prompt) {
  Json asked = Json::object();
  Json& benchmarks = asked["benchmarks"] = Json::array();
  for (const PlannedBenchmark& benchmark : plan) {
    Json scenarios = Json::object();
    for (const PlannedScenario& scenario : benchmark.scenarios) {
      scenarios[scenario.name] = to_json(scenario.config);
    }
    benchmarks.push_back(
        {{"name", benchmark.name}, {"model_id", benchmark.model_id}, {"scenarios", std::move(scenarios)}});
  }
  asked["prompt"] = to_json(prompt);
  asked["schedule"] = to_json(options.schedule);
  asked["launches"] = options.launches;
  asked["verification"] = options.verification;
  asked["target_precision"] = options.target_precision;
  return asked;
}

void check_isolation(const RunOptions& options, const RunSurroundings& surroundings) {
  if (options.isolation == Isolation::process) {
    if (surroundings.worker.command.empty()) fail<UsageError>("there is no program for worker processes");
    return;
  }
  if (options.timeout_ns.value_or(0) > 0 || options.scenario_timeout_ns > 0 ||
      options.memory_limit_bytes > 0) {
    fail<UsageError>(
        "--timeout, --scenario-timeout and --memory-limit bound a process: they need --isolation process");
  }
}

class Run {
 public:
  Run(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks, std::span<const PlannedBenchmark> plan,
      const RunOptions& options, PromptRequest prompt, RunObserver& observer, const InterruptFlag& interrupt,
      const RunSurroundings& surroundings)
      : benchmarks_(benchmarks),
        plan_(plan),
        options_(options),
        surroundings_(surroundings),
        setting_{.observer = observer,
                 .interrupt = interrupt,
                 .prompt = std::move(prompt),
                 .dump_graph_dir = options.dump_graph_dir,
                 .dump_code_dir = options.dump_code_dir},
        limits_(plan, surroundings, memory_left()),
        git_(commit_of(options)),
        monitors_(monitor_setting()) {
    setting_.monitor_names = chosen_monitors(options);
    setting_.monitors = &monitors_;
    setting_.journal = [this](const auto& append) { write_journal(append); };
    setting_.new_worker = [this](const ScenarioRun& scenario) {
      return new_worker(scenario.spent_ns(), scenario.index());
    };
    setting_.reference = [this](std::int64_t index) { return references_[static_cast<std::size_t>(index)]; };
    setting_.tokens_to_profile = options_.tokens_to_profile;
    setting_.trace_file = [this](const ScenarioRun& scenario) { return new_trace_file(scenario); };
    setting_.metadata = [this](const PlannedBenchmark& benchmark) { return metadata_of(benchmark); };
    setting_.measured_peaks = [this] { return limits_.peaks(); };
    for (const PlannedBenchmark& benchmark : plan_) {
      for (const PlannedScenario& scenario : benchmark.scenarios) {
        scenarios_.emplace_back(static_cast<std::int64_t>(scenarios_.size()), benchmark, scenario, setting_);
      }
    }
  }

  RunOutcome run() {
    begin();
    hash_weights();
    setting_.observer.run_started(static_cast<std::int64_t>(scenarios_.size()),
                                  iteration_count(plan_) * options_.launches);
    show_ended();
    find_references();
    if (std::ranges::any_of(scenarios_, [](const ScenarioRun& scenario) { return !scenario.ended(); })) {
      monitors_.start();
      monitors_.measure_idle();
    }
    measure();
    record_documents();
    write_summary();
    if (setting_.interrupt.raised()) {
      outcome_.exit_status = 130;
    } else {
      write_journal([](Journal& journal) { journal.append(FinishedRecord{}); });
    }
    return std::move(outcome_);
  }

 private:
  /// Of checkpoint folders. One that cannot be read fails its scenarios, with a better message than here.
  void hash_weights() {
    for (const PlannedBenchmark& benchmark : plan_) {
      if (!benchmark.location || weights_hashes_.contains(benchmark.model_id)) continue;
      try {
        weights_hashes_.emplace(benchmark.model_id,
                                model_digest(benchmark.location->folder, setting_.interrupt));
      } catch (const Error&) {
        continue;
      } catch (const Interrupted&) {
        return;
      }
    }
  }

  /// Opens the journal, a new one or that of the run to resume.
  void begin() {
    const Json asked = asked_of(plan_, options_, setting_.prompt);
    Resumption resumption;
    if (options_.resume) {
      resumption = find_resumption(options_.output_dir, asked);
      run_ = resumption.run;
      journal_ = Journal(resumption.journal, resumption.whole_bytes);
      resumption.replay(scenarios_);
    } else {
      const auto now = surroundings_.wall_clock();
      run_ = {.uuid = new_uuid(),
              .timestamp = utc_timestamp(now),
              .file_stamp = file_name_timestamp(now),
              .schedule_seed = options_.schedule_seed.value_or(random_64() >> 32U),
              .asked = asked};
      write_journal([&](Journal& journal) {
        journal = Journal(new_journal_path(options_.output_dir, "benchmark_run_" + run_.file_stamp));
        journal.append(run_);
      });
    }
    for (std::size_t i = 0; i < plan_.size(); ++i) {
      keepers_.push_back(new_keeper(plan_[i], static_cast<std::int64_t>(i), resumption));
    }
    summary_path_ = resumption.file_of(summary_file);
  }

  DocumentKeeper new_keeper(const PlannedBenchmark& benchmark, std::int64_t index,
                            const Resumption& resumption) {
    const std::string model = safe_file_name(benchmark.model_name);
    return {ResultFile(options_.output_dir / model, fmt::format("{}_benchmark_{}", model, run_.file_stamp),
                       resumption.file_of(index),
                       [this, index](const std::filesystem::path& path) { keep_name(index, path); }),
            {.benchmark = benchmark.info.name, .model_name = benchmark.model_name, .benchmark_scenarios = {}},
            benchmark.scenarios.size(),
            setting_.observer};
  }

  /// Beside the document, which takes its name when it is first written.
  [[nodiscard]] std::filesystem::path new_trace_file(const ScenarioRun& scenario) const {
    const std::string model = safe_file_name(scenario.benchmark().model_name);
    return new_file(options_.output_dir / model,
                    fmt::format("{}_trace_{}_{}", model, run_.file_stamp, safe_file_name(scenario.name())));
  }

  void keep_name(std::int64_t file, const std::filesystem::path& path) {
    write_journal(
        [&](Journal& journal) { journal.append(FileRecord{.benchmark = file, .path = path.string()}); });
  }

  void write_journal(const std::function<void(Journal&)>& append) {
    try {
      append(journal_);
    } catch (const Error& error) {  // once; measuring goes on without it
      setting_.observer.problem(error.what());
      outcome_.exit_status = 1;
    }
  }

  /// What a resumed run had done already.
  void show_ended() {
    for (const ScenarioRun& scenario : scenarios_) {
      if (!scenario.ended()) continue;
      add_to_document(scenario);
    }
  }

  /// Before anything else is resident.
  void find_references() {
    references_.assign(scenarios_.size(), {.file = {}, .reason = "--no-verification"});
    if (!options_.verification) return;
    const std::filesystem::path folder = surroundings_.reference_dir.empty()
                                             ? options_.output_dir / "references"
                                             : surroundings_.reference_dir;
    const ReferenceSetting setting{.store = ReferenceStore(folder),
                                   .prompt = setting_.prompt,
                                   .weights_hashes = weights_hashes_,
                                   .interrupt = setting_.interrupt,
                                   .observer = setting_.observer,
                                   .new_worker = [this] { return new_worker(0, {}); },
                                   .available_memory_bytes = memory_left()};
    try {
      references_ = scenario_references(plan_, setting);
    } catch (const Interrupted&) {
      // The run ends before its first scenario.
    }
  }

  [[nodiscard]] std::function<std::optional<std::int64_t>()> memory_left() const {
    if (surroundings_.available_memory_bytes) return surroundings_.available_memory_bytes;
    return [] { return available_memory_bytes(); };
  }

  void measure() {
    std::int64_t measured_ns = 0;
    for (const ScenarioRun& scenario : scenarios_) measured_ns += scenario.measured_ns();
    Rounds rounds(
        scenarios_,
        {.schedule = options_.schedule,
         .seed = run_.schedule_seed,
         .passes = options_.launches,
         .stopping = {.target_precision = options_.target_precision, .budget_ns = options_.budget_ns},
         .budget_end_ns = monotonic_now_ns() + options_.budget_ns - measured_ns,
         .available_memory_bytes = memory_left(),
         .round_done = [this] { limits_.round_done(); },
         .ended = [this](const ScenarioRun& scenario) { add_to_document(scenario).write(); }});
    try {
      rounds.run();
    } catch (const Interrupted&) {
      for (const ScenarioRun& scenario : scenarios_) {
        if (scenario.started() && !scenario.ended()) add_to_document(scenario);
      }
    }
    for (DocumentKeeper& keeper : keepers_) keeper.write();
  }

  DocumentKeeper& add_to_document(const ScenarioRun& scenario) {
    const ScenarioResult result = scenario.result();
    const auto benchmark = static_cast<std::size_t>(&scenario.benchmark() - plan_.data());
    DocumentKeeper& keeper = keepers_[benchmark];
    keeper.add(scenario.place(), result);
    setting_.observer.scenario_finished(scenario.index(), scenario.benchmark().name, result);
    return keeper;
  }

  void record_documents() {
    summary_.run_metadata.timestamp = run_.timestamp;
    summary_.run_metadata.benchmark_run_uuid = run_.uuid;
    summary_.run_metadata.total_benchmarks = static_cast<std::int64_t>(plan_.size());
    summary_.output_directory = options_.output_dir.string();
    for (std::size_t i = 0; i < plan_.size(); ++i) record_document(plan_[i], keepers_[i]);
  }

  void record_document(const PlannedBenchmark& benchmark, const DocumentKeeper& keeper) {
    const bool untouched = keeper.path().empty() && keeper.complete();  // interrupted before its turn
    const bool success = keeper.successful() && keeper.complete();
    if (success) ++summary_.run_metadata.successful_benchmarks;
    if (!success && !untouched) ++summary_.run_metadata.failed_benchmarks;
    if (!success) outcome_.exit_status = 1;
    if (keeper.path().empty()) {
      summary_.benchmark_results.emplace_back(benchmark.name, std::nullopt);
      return;
    }
    summary_.benchmark_results.emplace_back(benchmark.name, keeper.path().string());
    outcome_.documents.push_back(keeper.path());
  }

  /// For a scenario, or for a reference: then without an index.
  std::unique_ptr<Worker> new_worker(std::int64_t spent_ns, std::optional<std::int64_t> index) {
    if (options_.isolation == Isolation::none) {
      return std::make_unique<LocalWorker>(benchmarks_, setting_.interrupt);
    }
    WorkerProcessOptions process{.program = surroundings_.worker,
                                 .request_timeout_ns = options_.timeout_ns.value_or(default_timeout_ns),
                                 .memory_limit_bytes = options_.memory_limit_bytes,
                                 .avoided_cpu = monitors_.cpu(),
                                 .on_output = {}};
    if (options_.scenario_timeout_ns > 0) {
      process.time_left_ns = std::max<std::int64_t>(options_.scenario_timeout_ns - spent_ns, 1);
    }
    if (index) {
      process.on_output = [this, index](std::string_view line) {
        setting_.observer.worker_output(*index, line);
      };
    }
    return std::make_unique<WorkerProcess>(std::move(process), setting_.interrupt);
  }

  RunMonitors::Setting monitor_setting() {
    std::int64_t threads = 0;
    for (const PlannedBenchmark& benchmark : plan_) {
      for (const PlannedScenario& scenario : benchmark.scenarios) {
        // 0 stands for all cores.
        const std::int64_t own =
            scenario.config.threads > 0 ? scenario.config.threads : physical_core_count();
        threads = std::max(threads, own);
      }
    }
    RunMonitors::Setting setting{.open = {.monitors = chosen_monitors(options_),
                                          .system_root = surroundings_.system_root.string(),
                                          .device_libraries = surroundings_.device_libraries}};
    if (const auto cpu = spare_cpu(threads)) setting.open.cpu = *cpu;
    setting.new_worker = [this] { return new_monitor_worker(); };
    setting.problem = [this](const std::string& line) { setting_.observer.problem(line); };
    return setting;
  }

  /// In a process of its own where scenarios are: what it takes does not count as theirs, and a driver that
  /// crashes costs samples alone.
  std::unique_ptr<Worker> new_monitor_worker() {
    if (options_.isolation == Isolation::none) return std::make_unique<LocalMonitors>();
    return std::make_unique<WorkerProcess>(WorkerProcessOptions{.program = surroundings_.worker,
                                                                .monitors_only = true,
                                                                .request_timeout_ns = monitor_timeout_ns,
                                                                .on_output = {}},
                                           setting_.interrupt);
  }

  [[nodiscard]] ScenarioMetadata metadata_of(const PlannedBenchmark& benchmark) const {
    ScenarioMetadata metadata;
    metadata.timestamp = utc_timestamp(surroundings_.wall_clock());
    metadata.commit_id = git_.commit_id;
    metadata.branch_name = git_.branch_name;
    metadata.commit_message = git_.commit_message;
    metadata.model_id = benchmark.model_id;
    if (benchmark.location) metadata.model_revision = benchmark.location->revision;
    if (const auto found = weights_hashes_.find(benchmark.model_id); found != weights_hashes_.end()) {
      metadata.weights_hash = found->second;
    }
    metadata.hardware_info = read_hardware_info(surroundings_.libraries, surroundings_.system_root);
    metadata.procedure = {.isolation = options_.isolation,
                          .schedule = options_.schedule,
                          .schedule_seed = run_.schedule_seed,
                          .launches = options_.launches,
                          .target_precision = {},
                          .budget_seconds = {},
                          .verification = options_.verification};
    if (options_.target_precision > 0) metadata.procedure.target_precision = options_.target_precision;
    if (options_.budget_ns > 0) {
      metadata.procedure.budget_seconds = static_cast<double>(options_.budget_ns) * 1e-9;
    }
    metadata.hardware_info.gpus = monitors_.devices();
    if (!monitors_.devices().empty()) {
      const MonitoredDevice& first = monitors_.devices().front();
      metadata.hardware_info.gpu_name = first.name;
      if (first.memory_total_bytes) metadata.hardware_info.gpu_memory_total = *first.memory_total_bytes >> 20;
    }
    metadata.hardware_info.measured_peaks = limits_.peaks();
    return metadata;
  }

  void write_summary() {
    ResultFile file(options_.output_dir, "benchmark_summary_" + run_.file_stamp, summary_path_,
                    [this](const std::filesystem::path& path) { keep_name(summary_file, path); });
    try {
      file.write(to_json(summary_));
      outcome_.summary = file.path();
      setting_.observer.document_written(file.path());
    } catch (const Error& error) {
      setting_.observer.problem(error.what());
      outcome_.exit_status = 1;
    }
  }

  std::span<const std::unique_ptr<ModelBenchmark>> benchmarks_;
  std::span<const PlannedBenchmark> plan_;
  const RunOptions& options_;
  const RunSurroundings& surroundings_;
  RunSetting setting_;
  RunLimits limits_;
  std::map<std::string, std::string> weights_hashes_;  // by model_id
  GitInfo git_;
  RunMonitors monitors_;
  RunRecord run_;
  Journal journal_;
  std::vector<ScenarioRun> scenarios_;
  std::vector<ScenarioReference> references_;  // of scenarios_
  std::vector<DocumentKeeper> keepers_;
  std::filesystem::path summary_path_;
  RunSummary summary_;
  RunOutcome outcome_;
};

}  // namespace

RunOutcome run(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks, const RunOptions& options,
               RunObserver& observer, const InterruptFlag& interrupt, const RunSurroundings& surroundings) {
  std::vector<PlannedBenchmark> plan = plan_run(benchmarks, options, surroundings.locate_model);
  check_isolation(options, surroundings);
  PromptRequest prompt = prompt_request(options);
  check_output_folder(options.output_dir);
  locate_models(plan, surroundings.locate_model);
  return Run(benchmarks, plan, options, std::move(prompt), observer, interrupt, surroundings).run();
}

}  // namespace bv2
