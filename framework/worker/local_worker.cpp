// A worker in this process: it holds the session.
#include "framework/worker/local_worker.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/clock.h"
#include "base/file.h"
#include "framework/check_sink.h"
#include "framework/gate.h"
#include "framework/trace/chrome_trace.h"
#include "framework/trace/trace_sink.h"

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

template <class Request>
Json answer(LocalWorker& worker, const Json& body) {
  Request request;
  from_json_value(body, request, Request::name);
  return to_json(worker.reply_to(request));
}

struct Row {
  std::string_view request;
  Json (*answer)(LocalWorker&, const Json&);
};
template <class Request>
constexpr Row row{Request::name, answer<Request>};
constexpr std::array rows{row<LoadRequest>,     row<MakePromptRequest>,    row<PrepareRequest>,
                          row<CheckRequest>,    row<MakeReferenceRequest>, row<IterateRequest>,
                          row<MonitorsRequest>, row<ProfileRequest>,       row<WriteTraceRequest>,
                          row<DescribeRequest>};

}  // namespace

LocalWorker::LocalWorker(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks,
                         const InterruptFlag& interrupt)
    : benchmarks_(benchmarks), interrupt_(&interrupt) {}

Json LocalWorker::ask_json(std::string_view request, const Json& body) {
  const auto* found = std::ranges::find(rows, request, &Row::request);
  if (found == rows.end()) fail("the worker was asked for '{}', which it does not know", request);
  const auto failed = [](std::string line, ScenarioStatus status = ScenarioStatus::failed) {
    return ScenarioFailure(status, one_line(std::move(line)));
  };
  try {
    return found->answer(*this, body);
  } catch (const Interrupted&) {
    throw;
  } catch (const Unavailable& lack) {
    throw failed(lack.what(), ScenarioStatus::skipped);
  } catch (const std::bad_alloc&) {
    throw failed("out of memory");
  } catch (const std::exception& error) {
    throw failed(error.what());
  } catch (...) {
    throw failed("an exception that says nothing about itself");
  }
}

LoadRequest::Reply LocalWorker::reply_to(const LoadRequest& request) {
  const auto found = std::ranges::find_if(
      benchmarks_, [&](const auto& benchmark) { return benchmark->info().name == request.benchmark; });
  if (found == benchmarks_.end()) fail("the worker found no benchmark '{}'", request.benchmark);
  config_ = request.config;
  timeline_.reset();
  chosen_.reset();
  trace_.reset();
  // Before the session starts its threads.
  monitor_.emplace(MonitoredSystem::of_this_process(), request.monitors);
  scale_ = interference_scale();
  LoadRequest::Reply reply;
  memory_.reset();
  reply.seconds = seconds_of([&] { session_ = (*found)->open(config_); });
  reply.memory = memory_.read();
  benchmark_ = (*found)->info();
  model_ = session().facts();
  reply.model = model_;
  return reply;
}

PromptInfo LocalWorker::reply_to(const MakePromptRequest& request) {
  prompt_ = make_prompt(session(), model_, benchmark_, config_, request.prompt);
  return prompt_.info;
}

PrepareRequest::Reply LocalWorker::reply_to(const PrepareRequest& request) {
  const Preparation preparation{.prompt = prompt_.ids,
                                .new_tokens = config_.num_tokens_to_generate,
                                .dump_graph_dir = request.dump_graph_dir,
                                .dump_code_dir = request.dump_code_dir};
  PrepareRequest::Reply reply;
  memory_.reset();
  reply.phase.seconds = seconds_of([&] { reply.times = session().prepare(preparation); });
  reply.phase.memory = memory_.read();
  return reply;
}

CheckRequest::Reply LocalWorker::reply_to(const CheckRequest& request) {
  CheckRequest::Reply reply;
  std::optional<Gate> gate;
  if (!request.reference.empty()) {
    try {
      gate.emplace(read_reference(request.reference), prompt_.ids, model_, run_dtype());
    } catch (const Error& error) {  // the scenario is none the worse for it
      reply.verification = not_verified(one_line(error.what()));
    }
  }
  const std::int64_t new_tokens =
      gate ? gate->new_tokens() : std::min(check_tokens, config_.num_tokens_to_generate);
  CheckSink sink(config_.batch_size, new_tokens, model_.vocab_size, *interrupt_,
                 gate ? &gate->sink() : nullptr);
  const WatchedExperts watched(session(), gate ? gate->expert_watch() : ExpertWatch());
  memory_.reset();
  reply.phase.seconds = seconds_of([&] { session().generate(prompt_.ids, new_tokens, sink); });
  reply.phase.memory = memory_.read();
  sink.check_complete();
  if (!gate) return reply;
  reply.verification = gate->verdict();
  chosen_ = gate->chosen();
  return reply;
}

MakeReferenceRequest::Reply LocalWorker::reply_to(const MakeReferenceRequest& request) {
  const Reference reference = make_reference(session(), model_, prompt_.ids, request.new_tokens, *interrupt_);
  write_reference(request.file, reference);
  return {};
}

Dtype LocalWorker::run_dtype() const {
  const std::optional<Dtype> dtype = dtype_from_name(config_.dtype);
  if (!dtype) fail("the dtype '{}' has no bound", config_.dtype);
  return *dtype;
}

IterateRequest::Reply LocalWorker::reply_to(const IterateRequest& /*request*/) {
  Session& session = this->session();
  if (!timeline_) timeline_.emplace(config_.batch_size, config_.num_tokens_to_generate, *interrupt_);
  monitor_->begin();
  timeline_->start();
  session.generate(prompt_.ids, config_.num_tokens_to_generate, *timeline_);
  monitor_->end();
  timeline_->check_complete();
  const std::optional<std::string> fault =
      chosen_ ? chosen_->fault(timeline_->first_row_ids()) : std::nullopt;
  if (fault) fail("the output of an iteration is not that of {}: {}", gate_reference, *fault);
  IterateRequest::Reply reply;
  reply.iteration.counters = monitor_->values();
  reply.iteration.flags = taints(reply.iteration.counters, scale_);
  reply.iteration.start_ns = timeline_->start_ns();
  reply.iteration.token_ns.assign(timeline_->token_ns().begin(), timeline_->token_ns().end());
  reply.token_ids.assign(timeline_->first_row_ids().begin(), timeline_->first_row_ids().end());
  return reply;
}

MonitorsRequest::Reply LocalWorker::reply_to(const MonitorsRequest& /*request*/) {
  session();  // there is none without monitors
  return {.monitors = monitor_->reports()};
}

std::vector<std::int64_t> LocalWorker::untraced_steps_ns(std::int64_t new_tokens) {
  TokenTimeline timeline(config_.batch_size, new_tokens, *interrupt_);
  timeline.start();
  session().generate(prompt_.ids, new_tokens, timeline);
  timeline.check_complete();
  std::vector<std::int64_t> steps_ns;
  std::int64_t before_ns = timeline.start_ns();
  for (const std::int64_t token_ns : timeline.token_ns()) {
    steps_ns.push_back(token_ns - before_ns);
    before_ns = token_ns;
  }
  return steps_ns;
}

void LocalWorker::rehearse_trace(std::int64_t new_tokens) {
  TokenTimeline timeline(config_.batch_size, new_tokens, *interrupt_);
  (void)session().profile(prompt_.ids, new_tokens, timeline);
}

ProfileRequest::Reply LocalWorker::reply_to(const ProfileRequest& request) {
  Trace& trace = trace_.emplace(Trace{.title = request.title, .steps = {}, .spans = {}});
  trace.encodes = model_.kind == ModelKind::encoder;
  trace.main_thread = ::gettid();
  const std::int64_t new_tokens = trace.encodes ? 0 : request.new_tokens + 1;
  rehearse_trace(new_tokens);
  std::vector<std::vector<std::int64_t>> untraced_ns{untraced_steps_ns(new_tokens)};
  TraceSink sink(trace.encodes ? 1 : new_tokens, *monitor_, *interrupt_);
  sink.start();
  trace.spans = session().profile(prompt_.ids, new_tokens, sink);
  trace.steps = sink.take();
  untraced_ns.push_back(untraced_steps_ns(new_tokens));
  return {.profile = summarise_trace(trace, untraced_ns),
          .start_ns = trace.steps.front().start_ns,
          .end_ns = trace.steps.back().end_ns};
}

WriteTraceRequest::Reply LocalWorker::reply_to(const WriteTraceRequest& request) {
  if (!trace_) fail("the worker has no trace to write");
  write_file_atomically(request.file, chrome_trace(*trace_, request.samples));
  trace_.reset();
  return {};
}

DescribeRequest::Reply LocalWorker::reply_to(const DescribeRequest& request) {
  return {.effective = session().effective(), .text = session().decode(request.token_ids)};
}

Session& LocalWorker::session() {
  if (!session_) fail("the worker has no model: it was not loaded");
  return *session_;
}

}  // namespace bv2
