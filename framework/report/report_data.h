// What a report shows, taken from result documents: the data that its page draws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/comparability.h"
#include "framework/document_files.h"
#include "framework/mode_comparison.h"
#include "framework/verdict.h"

namespace bv2 {

/// Numbers are rounded to 5 significant digits: what no eye sees would double the page.
struct ReportMetric {
  std::string unit;
  double median = 0;
  std::optional<Interval> ci95;
  std::optional<double> std;
  std::optional<double> min;
  std::optional<double> max;
  std::size_t count = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("unit", self.unit);
    visit("median", self.median);
    visit("ci95", self.ci95);
    visit("std", self.std);
    visit("min", self.min);
    visit("max", self.max);
    visit("count", self.count);
  }
};

/// A late token.
struct ReportStall {
  std::int64_t context = 0;
  std::int64_t iteration = 0;
  double seconds = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("context", self.context);
    visit("iteration", self.iteration);
    visit("seconds", self.seconds);
  }
};

/// Latencies of the tokens after the first, over the context: of neighbouring contexts together, at most 64
/// bins, over all iterations that count.
struct ReportTokens {
  std::vector<double> context;  ///< middle of each bin
  std::vector<double> median;   ///< seconds, as the others
  std::vector<double> low;      ///< 10th percentile
  std::vector<double> high;     ///< 90th percentile
  std::optional<double> fit_intercept_seconds;
  std::optional<double> fit_slope_seconds_per_token;
  std::optional<Interval> fit_slope_ci95;
  std::size_t count = 0;
  std::size_t stall_count = 0;
  double stall_seconds = 0;
  std::vector<ReportStall> stalls;  ///< the longest
  NamedValues<std::optional<double>> percentiles;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("context", self.context);
    visit("median", self.median);
    visit("low", self.low);
    visit("high", self.high);
    visit("fit_intercept_seconds", self.fit_intercept_seconds);
    visit("fit_slope_seconds_per_token", self.fit_slope_seconds_per_token);
    visit("fit_slope_ci95", self.fit_slope_ci95);
    visit("count", self.count);
    visit("stall_count", self.stall_count);
    visit("stall_seconds", self.stall_seconds);
    visit("stalls", self.stalls);
    visit("percentiles", self.percentiles);
  }
};

/// A metric of one run of a history, judged against the run before it.
struct HistoryMetric {
  double median = 0;
  std::optional<Interval> ci95;
  std::optional<Judgement> judgement;  ///< of the first run: none
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("median", self.median);
    visit("ci95", self.ci95);
    visit("judgement", self.judgement);
  }
};

/// One run of a scenario.
struct HistoryPoint {
  std::string timestamp;
  std::string document;
  std::optional<std::string> commit_id;
  ScenarioStatus status = ScenarioStatus::failed;
  NamedValues<HistoryMetric> metrics;    ///< in seconds
  std::vector<std::string> differences;  ///< from the run before, besides the times; where a metric changed
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("timestamp", self.timestamp);
    visit("document", self.document);
    visit("commit_id", self.commit_id);
    visit("status", self.status);
    visit("metrics", self.metrics);
    visit("differences", self.differences);
  }
};

/// A scenario as it was measured last, and its history.
struct ReportScenario {
  std::string name;
  std::string description;
  std::string variant;
  ScenarioStatus status = ScenarioStatus::failed;
  Omittable<std::string> error;
  std::string timestamp;
  std::string document;  ///< its path
  std::optional<std::string> commit_id;
  NamedValues<ReportMetric> metrics;
  std::optional<Roofline> roofline;
  std::optional<ReportTokens> tokens;
  Phases phases;  ///< as the document has it, like those that follow
  EnergyReport energy;
  HardwareCounters hardware_counters;
  GpuMetrics gpu_metrics;
  std::vector<MonitorReport> monitors;
  Omittable<ProfileResult> profile;
  Verification verification;
  Interference interference;
  ScenarioConfig config;
  Procedure procedure;
  Json effective;
  std::optional<ModelFacts> model;
  std::size_t iterations = 0;
  std::vector<HistoryPoint> history;  ///< oldest first; empty where there is one run only
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("name", self.name);
    visit("description", self.description);
    visit("variant", self.variant);
    visit("status", self.status);
    visit("error", self.error);
    visit("timestamp", self.timestamp);
    visit("document", self.document);
    visit("commit_id", self.commit_id);
    visit("metrics", self.metrics);
    visit("roofline", self.roofline);
    visit("tokens", self.tokens);
    visit("phases", self.phases);
    visit("energy", self.energy);
    visit("hardware_counters", self.hardware_counters);
    visit("gpu_metrics", self.gpu_metrics);
    visit("monitors", self.monitors);
    visit("profile", self.profile);
    visit("verification", self.verification);
    visit("interference", self.interference);
    visit("config", self.config);
    visit("procedure", self.procedure);
    visit("effective", self.effective);
    visit("model", self.model);
    visit("iterations", self.iterations);
    visit("history", self.history);
  }
};

/// The fastest mode of a workload.
struct Headline {
  std::string fastest;                        ///< name of the scenario with the smallest median latency
  std::optional<ModeComparison> over_eager;   ///< missing where it is eager itself, or there is no eager
  std::optional<ModeComparison> over_second;  ///< against the next fastest
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("fastest", self.fastest);
    visit("over_eager", self.over_eager);
    visit("over_second", self.over_second);
  }
};

/// One model and shape on one machine, in all its modes.
struct ReportWorkload {
  std::string model;
  std::string benchmark;
  std::string workload;  ///< "bfloat16, batch 1, ..."
  bool synthetic_weights = false;
  std::size_t environment = 0;  ///< where it was measured last
  std::optional<Headline> headline;
  std::vector<ModeComparison> comparisons;
  std::vector<ReportScenario> scenarios;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("model", self.model);
    visit("benchmark", self.benchmark);
    visit("workload", self.workload);
    visit("synthetic_weights", self.synthetic_weights);
    visit("environment", self.environment);
    visit("headline", self.headline);
    visit("comparisons", self.comparisons);
    visit("scenarios", self.scenarios);
  }
};

/// Where results come from: documents whose hardware_info says the same.
struct ReportEnvironment {
  std::size_t machine = 0;  ///< environments of one machine can be compared
  std::size_t documents = 0;
  std::string first_timestamp;
  std::string last_timestamp;
  Json hardware_info;
  std::vector<FieldDifference> differences;  ///< from the environment of the newest document
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("machine", self.machine);
    visit("documents", self.documents);
    visit("first_timestamp", self.first_timestamp);
    visit("last_timestamp", self.last_timestamp);
    visit("hardware_info", self.hardware_info);
    visit("differences", self.differences);
  }
};

/// A scenario that has no measurements, in the newest document of its model.
struct ReportFailure {
  std::string model;
  std::string scenario;
  ScenarioStatus status = ScenarioStatus::failed;
  std::string error;
  std::string timestamp;
  std::string document;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("model", self.model);
    visit("scenario", self.scenario);
    visit("status", self.status);
    visit("error", self.error);
    visit("timestamp", self.timestamp);
    visit("document", self.document);
  }
};

struct ReportData {
  std::string schema_version = "1";
  std::string generated;  ///< UTC
  std::string program;    ///< its name and version
  std::size_t documents = 0;
  std::size_t results = 0;  ///< scenarios of all documents
  double confidence = 0.95;
  double margin = 0.02;
  std::vector<ReportWorkload> workloads;  ///< newest first
  std::vector<ReportFailure> failures;
  std::vector<ReportEnvironment> environments;  ///< that of the newest document first
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("schema_version", self.schema_version);
    visit("generated", self.generated);
    visit("program", self.program);
    visit("documents", self.documents);
    visit("results", self.results);
    visit("confidence", self.confidence);
    visit("margin", self.margin);
    visit("workloads", self.workloads);
    visit("failures", self.failures);
    visit("environments", self.environments);
  }
};

/// Of documents as read_documents gives them, oldest first. Changes of a scenario's history are judged
/// together (95% for all of them), each run against the one before it on the same machine.
ReportData report_data(std::span<const DocumentFile> files);

}  // namespace bv2
