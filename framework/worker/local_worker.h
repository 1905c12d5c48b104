// A worker in this process: it holds the session.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/dtype.h"
#include "base/interrupt.h"
#include "framework/interference.h"
#include "framework/memory_usage.h"
#include "framework/monitors/iteration_monitor.h"
#include "framework/output_comparison.h"
#include "framework/token_timeline.h"
#include "framework/trace/trace.h"
#include "framework/worker/messages.h"
#include "framework/worker/worker.h"

namespace bv2 {

/// One scenario of the benchmarks; both the benchmarks and the flag must outlive it. What a session throws
/// becomes a ScenarioFailure (failed) of one line.
class LocalWorker final : public Worker {
 public:
  LocalWorker(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks, const InterruptFlag& interrupt);
  Json ask_json(std::string_view request, const Json& body) override;

  LoadRequest::Reply reply_to(const LoadRequest& request);
  PromptInfo reply_to(const MakePromptRequest& request);
  PrepareRequest::Reply reply_to(const PrepareRequest& request);
  CheckRequest::Reply reply_to(const CheckRequest& request);
  MakeReferenceRequest::Reply reply_to(const MakeReferenceRequest& request);
  IterateRequest::Reply reply_to(const IterateRequest& request);
  MonitorsRequest::Reply reply_to(const MonitorsRequest& request);
  ProfileRequest::Reply reply_to(const ProfileRequest& request);
  WriteTraceRequest::Reply reply_to(const WriteTraceRequest& request);
  DescribeRequest::Reply reply_to(const DescribeRequest& request);

 private:
  /// Throws Error where there is no session yet.
  Session& session();
  /// For a cache of another size, memory for notes, and whatever else this length does first.
  void rehearse_trace(std::int64_t new_tokens);
  /// How long each step of a generation takes, without tracing.
  std::vector<std::int64_t> untraced_steps_ns(std::int64_t new_tokens);
  /// Throws Error for one that is not known.
  [[nodiscard]] Dtype run_dtype() const;

  std::span<const std::unique_ptr<ModelBenchmark>> benchmarks_;
  const InterruptFlag* interrupt_;
  PeakMemory memory_;
  ScenarioConfig config_;
  BenchmarkInfo benchmark_;
  std::unique_ptr<Session> session_;
  ModelFacts model_;
  Prompt prompt_;
  std::optional<TokenTimeline> timeline_;
  std::optional<ChosenTokens> chosen_;  // where the check had a reference
  std::optional<IterationMonitor> monitor_;
  std::optional<Trace> trace_;  // until it is written
  InterferenceScale scale_;
};

}  // namespace bv2
