// What a result says of a trace.
#include "framework/trace/profile_result.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "framework/percentile.h"

namespace bv2 {
namespace {

constexpr double seconds_per_ns = 1e-9;

/// Steps [begin, end) that are summed up together.
struct Phase {
  std::string name;
  std::size_t begin;
  std::size_t end;
};

std::vector<Phase> phases_of(const Trace& trace) {
  std::vector<Phase> phases;
  if (!trace.steps.empty()) phases.push_back({trace.encodes ? "forward" : "prefill", 0, 1});
  if (trace.steps.size() > 1) phases.push_back({"decode", 1, trace.steps.size()});
  return phases;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

/// A span with what lies directly within it taken out.
struct OwnTime {
  std::int64_t own_ns;
  bool has_parts;
};

std::vector<OwnTime> own_times(const std::vector<OperationSpan>& spans,
                               const std::vector<std::int64_t>& depths) {
  std::vector<OwnTime> times;
  std::vector<std::size_t> enclosing;  // by depth: the last span that began there
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const auto depth = static_cast<std::size_t>(depths[i]);
    times.push_back({spans[i].end_ns - spans[i].start_ns, false});
    if (depth > 0) {
      OwnTime& outer = times[enclosing[depth - 1]];
      outer.own_ns -= times.back().own_ns;
      outer.has_parts = true;
    }
    enclosing.resize(depth);
    enclosing.push_back(i);
  }
  return times;
}

struct Totals {
  std::int64_t count = 0;
  std::int64_t own_ns = 0;
  std::int64_t bytes = 0;
  bool has_parts = false;
};

class Summariser {
 public:
  explicit Summariser(const Trace& trace)
      : trace_(trace), depths_(span_depths(trace.spans)), own_(own_times(trace.spans, depths_)) {}

  ProfiledPhase times(const Phase& phase, const std::vector<std::vector<std::int64_t>>& untraced_ns) const {
    std::vector<double> traced;
    std::vector<double> untraced;
    for (std::size_t step = phase.begin; step < phase.end; ++step) {
      const TraceStep& stamps = trace_.steps[step];
      traced.push_back(static_cast<double>(stamps.end_ns - stamps.start_ns) * seconds_per_ns);
      for (const auto& run : untraced_ns) {
        if (step < run.size()) untraced.push_back(static_cast<double>(run[step]) * seconds_per_ns);
      }
    }
    std::int64_t operations_ns = 0;
    for_spans(phase, [&](std::size_t span) {
      if (depths_[span] == 0) operations_ns += trace_.spans[span].end_ns - trace_.spans[span].start_ns;
    });
    ProfiledPhase result;
    result.phase = phase.name;
    result.steps = static_cast<std::int64_t>(traced.size());
    result.seconds = mean(traced);
    result.untraced_seconds = mean(untraced);
    if (!untraced.empty())
      result.overhead_percent = 100 * (*median_if_any(traced) / *median_if_any(untraced) - 1);
    result.operations_seconds =
        static_cast<double>(operations_ns) * seconds_per_ns / static_cast<double>(traced.size());
    if (!trace_.spans.empty() && result.seconds > 0)
      result.operations_percent = 100 * result.operations_seconds / result.seconds;
    return result;
  }

  std::vector<ProfiledOperation> operations(const Phase& phase) const {
    std::map<std::tuple<std::string_view, std::string_view>, Totals> by_name;
    for_spans(phase, [&](std::size_t span) {
      Totals& totals = by_name[{trace_.spans[span].name, trace_.spans[span].kind}];
      ++totals.count;
      totals.own_ns += own_[span].own_ns;
      totals.bytes += trace_.spans[span].bytes;
      totals.has_parts = totals.has_parts || own_[span].has_parts;
    });
    const auto steps = static_cast<std::int64_t>(phase.end - phase.begin);
    std::vector<ProfiledOperation> operations;
    for (const auto& [name, totals] : by_name) {
      ProfiledOperation& operation = operations.emplace_back();
      operation.phase = phase.name;
      operation.name = std::get<0>(name);
      operation.kind = std::get<1>(name);
      operation.count = totals.count;
      operation.seconds = static_cast<double>(totals.own_ns) * seconds_per_ns / static_cast<double>(steps);
      operation.bytes = totals.bytes / steps;
      if (!totals.has_parts && totals.bytes > 0 && totals.own_ns > 0) {
        operation.gigabytes_per_second =
            static_cast<double>(totals.bytes) / static_cast<double>(totals.own_ns);
      }
    }
    std::ranges::stable_sort(operations, std::greater<>(), &ProfiledOperation::seconds);
    return operations;
  }

 private:
  /// Calls visit with the index of each span that began in the phase.
  template <class Visit>
  void for_spans(const Phase& phase, const Visit& visit) const {
    const auto begin = std::ranges::lower_bound(trace_.spans, trace_.steps[phase.begin].start_ns, {},
                                                &OperationSpan::start_ns);
    const std::int64_t end_ns = trace_.steps[phase.end - 1].end_ns;
    for (auto span = begin; span != trace_.spans.end() && span->start_ns < end_ns; ++span)
      visit(static_cast<std::size_t>(span - trace_.spans.begin()));
  }

  const Trace& trace_;
  std::vector<std::int64_t> depths_;
  std::vector<OwnTime> own_;
};

}  // namespace

ProfileResult summarise_trace(const Trace& trace, const std::vector<std::vector<std::int64_t>>& untraced_ns) {
  const Summariser summariser(trace);
  ProfileResult result{.file = {}, .error = {}, .phases = {}, .operations = {}};
  result.spans = static_cast<std::int64_t>(trace.spans.size());
  for (const Phase& phase : phases_of(trace)) {
    result.phases.push_back(summariser.times(phase, untraced_ns));
    for (ProfiledOperation& operation : summariser.operations(phase))
      result.operations.push_back(std::move(operation));
  }
  return result;
}

}  // namespace bv2
