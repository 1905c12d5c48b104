// The documents that a run leaves: of a benchmark with its scenarios, and the summary of the run. Each
// structure is described once; reading, writing and the schemas follow its names.
#pragma once

#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "framework/energy.h"
#include "framework/gpu_metrics.h"
#include "framework/hardware_counters.h"
#include "framework/hardware_info.h"
#include "framework/interference.h"
#include "framework/memory_usage.h"
#include "framework/model_benchmark.h"
#include "framework/roofline.h"
#include "framework/run_options.h"
#include "framework/scenario_config.h"
#include "framework/statistics.h"
#include "framework/steady_state.h"
#include "framework/token_latency.h"
#include "framework/trace/profile_result.h"
#include "framework/verdict.h"

namespace bv2 {

enum class ScenarioStatus { success, failed, skipped, timed_out, crashed };
std::span<const std::string_view> enum_names(ScenarioStatus status);

/// Where the prompt came from.
enum class PromptSource { text, ids, seeded };
std::span<const std::string_view> enum_names(PromptSource source);

/// What was asked of the model.
struct PromptInfo {
  PromptSource source = PromptSource::text;
  std::int64_t tokens = 0;                      ///< of each sequence; of the longest
  std::optional<std::string> text;              ///< before it was cut or continued; of several the first
  Omittable<std::vector<std::string>> texts{};  ///< where there are several
  Omittable<std::vector<std::int64_t>> own_tokens{};  ///< of each sequence, where some are padded
  /// Of a whole batch, padding not counted.
  [[nodiscard]] std::int64_t tokens_of_batch(std::int64_t batch) const {
    return own_tokens ? std::reduce(own_tokens->begin(), own_tokens->end()) : batch * tokens;
  }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("source", self.source);
    visit("tokens", self.tokens);
    visit("text", self.text);
    visit("texts", self.texts);
    visit("own_tokens", self.own_tokens);
  }
};

/// How it was measured, besides what the scenario's config says.
struct Procedure {
  Isolation isolation = Isolation::process;
  Schedule schedule = Schedule::interleaved;
  std::uint64_t schedule_seed = 0;  ///< of the order within rounds
  std::int64_t launches = 1;        ///< processes that were asked for
  std::optional<double> target_precision;
  std::optional<double> budget_seconds;  ///< of the whole run
  bool verification = true;              ///< false: --no-verification
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("isolation", self.isolation);
    visit("schedule", self.schedule);
    visit("schedule_seed", self.schedule_seed);
    visit("launches", self.launches);
    visit("target_precision", self.target_precision);
    visit("budget_seconds", self.budget_seconds);
    visit("verification", self.verification);
  }
};

struct ScenarioMetadata {
  std::string timestamp;  ///< when the scenario began: UTC, milliseconds
  std::optional<std::string> commit_id;
  std::optional<std::string> branch_name;
  std::optional<std::string> commit_message;
  std::string model_id;
  std::optional<std::string> model_revision;  ///< the commit on the Hub that the model is of
  std::optional<std::string> weights_hash;    ///< of the checkpoint's files; missing for synthetic weights
  std::optional<ModelFacts> model;            ///< once it is loaded
  std::optional<PromptInfo> prompt;           ///< once it is made
  HardwareInfo hardware_info;
  ScenarioConfig config;
  Procedure procedure;
  Json effective = Json::object();  ///< what ran up to the end of the first measured iteration
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("timestamp", self.timestamp);
    visit("commit_id", self.commit_id);
    visit("branch_name", self.branch_name);
    visit("commit_message", self.commit_message);
    visit("model_id", self.model_id);
    visit("model_revision", self.model_revision);
    visit("weights_hash", self.weights_hash);
    visit("model", self.model);
    visit("prompt", self.prompt);
    visit("hardware_info", self.hardware_info);
    visit("config", self.config);
    visit("procedure", self.procedure);
    visit("effective", self.effective);
  }
};

/// One measured iteration. All stamps are of the clock of base/clock.h.
struct Iteration {
  std::int64_t start_ns = 0;           ///< just before the generate call
  std::vector<std::int64_t> token_ns;  ///< when each new token was available
  std::int64_t order = 0;              ///< place among all measured iterations of the run, from 0
  std::int64_t round = 0;              ///< iterations of one round were taken in turns; from 0 over the run
  std::int64_t launch = 0;             ///< which process of the scenario did it, from 0
  std::vector<std::string>
      flags;                 ///< "output_differs": other tokens than the first iteration gave; "warm_up":
                             ///< before the steady state; and what tainted it (framework/interference.h)
  CounterValues counters{};  ///< of the system, between just before and just after
  Omittable<std::vector<MonitorSamples>> samples{};  ///< beside it, where something can be sampled
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("start_ns", self.start_ns);
    visit("token_ns", self.token_ns);
    visit("order", self.order);
    visit("round", self.round);
    visit("launch", self.launch);
    visit("flags", self.flags);
    visit("counters", self.counters);
    visit("samples", self.samples);
  }
};

/// What the sizes of a model say that its memory should be.
struct AnalyticMemory {
  std::int64_t weights = 0;
  std::optional<std::int64_t>
      kv_cache;  ///< of prompt and new tokens of the batch; null where it is not known
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("weights", self.weights);
    visit("kv_cache", self.kv_cache);
  }
};

/// What is resident, apart; at the end of a phase, and of generate the most at the end of any iteration.
struct ResidentMemory {
  std::optional<std::int64_t> load;
  std::optional<std::int64_t> prepare;
  std::optional<std::int64_t> generate;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("load", self.load);
    visit("prepare", self.prepare);
    visit("generate", self.generate);
  }
};

/// The largest resident memory of the process in each phase, and what it consists of.
struct PeakHostMemory {
  std::string unit = "bytes";
  std::optional<std::int64_t> load;
  std::optional<std::int64_t> prepare;
  std::optional<std::int64_t> generate;  ///< check, warm-up and measured iterations
  ResidentMemory anonymous;
  ResidentMemory file_backed;
  std::optional<AnalyticMemory> analytic;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("unit", self.unit);
    visit("load", self.load);
    visit("prepare", self.prepare);
    visit("generate", self.generate);
    visit("anonymous", self.anonymous);
    visit("file_backed", self.file_backed);
    visit("analytic", self.analytic);
  }
};

/// What happens once and never enters the measurements.
struct Phases {
  std::optional<double> load_seconds;
  std::optional<double> prepare_seconds;
  std::optional<double> first_call_seconds;   ///< the first generate call, that of the check
  Omittable<PreparationTimes> preparation{};  ///< parts of prepare_seconds
  PeakHostMemory peak_host_memory;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("load_seconds", self.load_seconds);
    visit("prepare_seconds", self.prepare_seconds);
    visit("first_call_seconds", self.first_call_seconds);
    visit("preparation", self.preparation);
    visit("peak_host_memory", self.peak_host_memory);
  }
};

/// What the first sequence of the batch was given, in the first measured iteration.
struct ScenarioOutput {
  std::vector<std::int64_t> token_ids;
  std::string text;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("token_ids", self.token_ids);
    visit("text", self.text);
  }
};

enum class VerificationStatus { not_run, passed, failed };
std::span<const std::string_view> enum_names(VerificationStatus status);

/// How a mixture's routers compare with those of a reference.
struct ExpertVerification {
  std::int64_t choices = 0;  ///< compared: one a token and mixture
  std::int64_t ties = 0;     ///< of these chose others, which rounding explains; the reference's were run
  std::optional<double> max_abs_logit_difference{};  ///< of a router
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("choices", self.choices);
    visit("ties", self.ties);
    visit("max_abs_logit_difference", self.max_abs_logit_difference);
  }
};

/// How the scenario's output compares with a reference, before anything is measured.
struct Verification {
  std::optional<std::string> reference;  ///< "eager float32"
  VerificationStatus status = VerificationStatus::not_run;
  std::optional<std::string> reason;  ///< why it was not run or failed, or why a divergent token is a tie
  std::int64_t new_tokens = 0;        ///< compared, a sequence, with the logits of each
  std::optional<std::int64_t> first_divergent_token;  ///< index in the continuation, from 0
  std::optional<double> max_abs_logit_difference;
  std::optional<double> allowed_logit_difference;  ///< of either of both kinds: see OutputTolerance
  std::optional<double> max_kl_divergence;         ///< nats, of one new token's distribution
  std::optional<double> allowed_kl_divergence;
  std::optional<double> max_abs_hidden_difference;  ///< of an encoder's last hidden states
  std::optional<double> allowed_hidden_difference;
  Omittable<ExpertVerification> experts{};  ///< where the reference has them
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("reference", self.reference);
    visit("status", self.status);
    visit("reason", self.reason);
    visit("new_tokens", self.new_tokens);
    visit("first_divergent_token", self.first_divergent_token);
    visit("max_abs_logit_difference", self.max_abs_logit_difference);
    visit("allowed_logit_difference", self.allowed_logit_difference);
    visit("max_kl_divergence", self.max_kl_divergence);
    visit("allowed_kl_divergence", self.allowed_kl_divergence);
    visit("max_abs_hidden_difference", self.max_abs_hidden_difference);
    visit("allowed_hidden_difference", self.allowed_hidden_difference);
    visit("experts", self.experts);
  }
};

/// One model, one mode, one shape: what was asked, what ran, what it took.
struct ScenarioResult {
  std::string scenario_name;
  std::string scenario_description;
  ScenarioStatus status = ScenarioStatus::failed;
  Omittable<std::string> error;  ///< one line, unless it is a success
  ScenarioMetadata metadata;
  NamedValues<Summary> measurements;  ///< by metric, in the order of metrics() and then memory; empty: none
  std::vector<SteadyState> steady_state;  ///< of each launch: of the latencies of its measured iterations
  TokenLatency token_latency;
  std::vector<Iteration> iterations;
  Phases phases;
  ScenarioOutput output;
  Verification verification;
  Interference interference;            ///< of the measured iterations
  std::optional<Roofline> roofline;     ///< null where what a forward costs is not known
  std::vector<MonitorReport> monitors;  ///< all of the table, with what each costs
  HardwareCounters hardware_counters;
  EnergyReport energy;
  GpuMetrics gpu_metrics;
  Omittable<ProfileResult> profile{};  ///< where one was asked for

  /// The summary of a metric ("latency"), or null where there is none.
  [[nodiscard]] const Summary* measurement(std::string_view name) const;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("scenario_name", self.scenario_name);
    visit("scenario_description", self.scenario_description);
    visit("status", self.status);
    visit("error", self.error);
    visit("metadata", self.metadata);
    visit("measurements", self.measurements);
    visit("steady_state", self.steady_state);
    visit("token_latency", self.token_latency);
    visit("iterations", self.iterations);
    visit("phases", self.phases);
    visit("output", self.output);
    visit("verification", self.verification);
    visit("interference", self.interference);
    visit("roofline", self.roofline);
    visit("monitors", self.monitors);
    visit("hardware_counters", self.hardware_counters);
    visit("energy", self.energy);
    visit("gpu_metrics", self.gpu_metrics);
    visit("profile", self.profile);
  }
};

/// What a mode that has to be compiled takes before its first token, against what it saves.
struct BreakEven {
  double extra_seconds = 0;              ///< of preparation, more than the baseline's
  bool from_cache = false;               ///< nothing was compiled: all code was found in the cache
  std::optional<std::int64_t> tokens{};  ///< of this workload until that is saved; missing: it saves nothing
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("extra_seconds", self.extra_seconds);
    visit("from_cache", self.from_cache);
    visit("tokens", self.tokens);
  }
};

/// One scenario of a run against its baseline, the eager one of the same workload, by latency.
struct ModeComparison {
  std::string base{};      ///< name of the baseline scenario
  std::string scenario{};  ///< name of the other
  bool paired = false;     ///< by round; else the two were measured apart
  std::int64_t rounds = 0;
  std::optional<double>
      speedup{};  ///< latency of the baseline over that of the scenario: above 1 it is faster
  std::optional<Interval> speedup_ci95{};
  Verdict verdict = Verdict::inconclusive;
  std::optional<double> detectable_percent{};
  std::optional<BreakEven> break_even{};  ///< of compiled scenarios

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("base", self.base);
    visit("scenario", self.scenario);
    visit("paired", self.paired);
    visit("rounds", self.rounds);
    visit("speedup", self.speedup);
    visit("speedup_ci95", self.speedup_ci95);
    visit("verdict", self.verdict);
    visit("detectable_percent", self.detectable_percent);
    visit("break_even", self.break_even);
  }
};

/// OUTPUT_DIR/MODEL/MODEL_benchmark_YYYYMMDD_HHMMSS.json
struct BenchmarkDocument {
  std::string schema_version = "1";
  std::string benchmark;
  std::string model_name;
  std::vector<ScenarioResult> benchmark_scenarios;
  std::vector<ModeComparison> comparisons{};  ///< see framework/mode_comparison.h
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("schema_version", self.schema_version);
    visit("benchmark", self.benchmark);
    visit("model_name", self.model_name);
    visit("benchmark_scenarios", self.benchmark_scenarios);
    visit("comparisons", self.comparisons);
  }
};

struct RunMetadata {
  std::string timestamp;  ///< when the run began: UTC, milliseconds
  std::string benchmark_run_uuid;
  std::int64_t total_benchmarks = 0;
  std::int64_t successful_benchmarks = 0;  ///< every scenario a success
  std::int64_t failed_benchmarks = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("timestamp", self.timestamp);
    visit("benchmark_run_uuid", self.benchmark_run_uuid);
    visit("total_benchmarks", self.total_benchmarks);
    visit("successful_benchmarks", self.successful_benchmarks);
    visit("failed_benchmarks", self.failed_benchmarks);
  }
};

/// OUTPUT_DIR/benchmark_summary_YYYYMMDD_HHMMSS.json
struct RunSummary {
  std::string schema_version = "1";
  RunMetadata run_metadata;
  NamedValues<std::optional<std::string>> benchmark_results;  ///< document path, null where none was written
  std::string output_directory;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("schema_version", self.schema_version);
    visit("run_metadata", self.run_metadata);
    visit("benchmark_results", self.benchmark_results);
    visit("output_directory", self.output_directory);
  }
};

/// Reads a document that a run wrote. Throws Error or UsageError naming the path and the field.
BenchmarkDocument read_benchmark_document(const std::filesystem::path& path);

}  // namespace bv2
