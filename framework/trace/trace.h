// A trace: what ran in each step of one generation, on the clock of the token stamps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/operation_span.h"
#include "framework/monitors/iteration_monitor.h"
#include "framework/trace/thread_times.h"

namespace bv2 {

/// A prefill, a new token after it, or an encoder's forward: from when nothing else happened any more to when
/// its result was available. Monitors are read between the steps.
struct TraceStep {
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  CounterValues counters{};           ///< of the monitors, of this step
  std::vector<ThreadTime> threads{};  ///< what each thread of the process had of it
};

struct Trace {
  std::string title;                 ///< what was traced, for people
  bool encodes = false;              ///< an encoder's: one step, its forward
  std::int64_t main_thread = 0;      ///< that ran the operations
  std::vector<TraceStep> steps;      ///< in order
  std::vector<OperationSpan> spans;  ///< of that thread, by their beginnings
};

/// "prefill", "token 1" ...; "forward" of an encoder.
std::string step_name(const Trace& trace, std::size_t step);

/// In how many others each span lies, of spans in the order of their beginnings.
std::vector<std::int64_t> span_depths(const std::vector<OperationSpan>& spans);

}  // namespace bv2
