// A trace as a file of Chrome's trace event format.
#include "framework/trace/chrome_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "base/json.h"
#include "framework/monitors/counter_names.h"

namespace bv2 {
namespace {

/// Of the program; those that stand for devices follow it.
constexpr int program = 1;

std::string microseconds(std::int64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

/// Quoted and escaped.
std::string text_of(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// One line of traceEvents with the time that it is sorted by.
struct Event {
  std::int64_t start_ns;
  std::int64_t duration_ns;  ///< of two that begin together the longer one holds the other
  std::string line;
};

Event complete(std::string_view name, std::string_view category, std::int64_t start_ns, std::int64_t end_ns,
               std::int64_t thread, std::string_view arguments) {
  return {start_ns, end_ns - start_ns,
          fmt::format(R"({{"ph":"X","name":{},"cat":{},"ts":{},"dur":{},"pid":{},"tid":{},"args":{{{}}}}})",
                      text_of(name), text_of(category), microseconds(start_ns),
                      microseconds(end_ns - start_ns), program, thread, arguments)};
}

Event of_span(const OperationSpan& span, std::int64_t thread) {
  std::string arguments;
  if (!span.inputs.empty()) arguments += fmt::format(R"("inputs":{},)", text_of(span.inputs));
  if (!span.outputs.empty()) arguments += fmt::format(R"("outputs":{},)", text_of(span.outputs));
  arguments += fmt::format(R"("bytes":{})", span.bytes);
  const std::int64_t duration_ns = span.end_ns - span.start_ns;
  if (span.bytes > 0 && duration_ns > 0) {
    arguments +=
        fmt::format(R"(,"GB/s":{:.3f})", static_cast<double>(span.bytes) / static_cast<double>(duration_ns));
  }
  return complete(span.name, span.kind, span.start_ns, span.end_ns, thread, arguments);
}

Event counter(int process, std::string_view name, std::int64_t at_ns, std::int64_t value) {
  return {at_ns, 0,
          fmt::format(R"({{"ph":"C","name":{},"ts":{},"pid":{},"args":{{"value":{}}}}})", text_of(name),
                      microseconds(at_ns), process, value)};
}

std::string named(std::string_view what, int process, std::int64_t thread, std::string_view name) {
  return fmt::format(R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"name":{}}}}})", what, process,
                     thread, text_of(name));
}

/// What every thread had of a step; that of the operations shows the step itself.
void add_step(const Trace& trace, std::size_t index, std::vector<Event>& events) {
  const TraceStep& step = trace.steps[index];
  const std::string name = step_name(trace, index);
  const auto wall_ns = static_cast<double>(step.end_ns - step.start_ns);
  bool shown = false;
  for (const ThreadTime& thread : step.threads) {
    const bool main = thread.id == trace.main_thread;
    if (!main && thread.cpu_ns == 0) continue;  // it slept
    shown = shown || main;
    const auto cpu_ns = static_cast<double>(thread.cpu_ns);
    events.push_back(complete(name, main ? "step" : "thread", step.start_ns, step.end_ns, thread.id,
                              fmt::format(R"("cpu_ms":{:.6f},"cpu_share":{:.4f})", cpu_ns * 1e-6,
                                          wall_ns > 0 ? cpu_ns / wall_ns : 0)));
  }
  if (!shown) events.push_back(complete(name, "step", step.start_ns, step.end_ns, trace.main_thread, ""));
  for (const auto& [counter_name, value] : step.counters)
    events.push_back(counter(program, counter_name, step.start_ns, value));
}

std::vector<std::string> names_of(const Trace& trace) {
  std::vector<std::string> lines{named("process_name", program, trace.main_thread, trace.title),
                                 named("thread_name", program, trace.main_thread, "operations")};
  std::set<std::int64_t> seen{trace.main_thread};
  for (const TraceStep& step : trace.steps) {
    for (const ThreadTime& thread : step.threads) {
      if (thread.cpu_ns == 0 || !seen.insert(thread.id).second) continue;
      lines.push_back(named("thread_name", program, thread.id, fmt::format("{} {}", thread.name, thread.id)));
    }
  }
  return lines;
}

/// Which process stands for whom, in the order in which they are met.
class Devices {
 public:
  int process_of(const std::string& name) {
    const auto index = std::ranges::find(names_, name) - names_.begin();
    if (index == std::ssize(names_)) names_.push_back(name);
    return program + 1 + static_cast<int>(index);
  }
  void add_names(std::vector<std::string>& lines) const {
    for (std::size_t i = 0; i < names_.size(); ++i)
      lines.push_back(named("process_name", program + 1 + static_cast<int>(i), 0, names_[i]));
  }

 private:
  std::vector<std::string> names_;
};

/// One counter's samples from `from_ns` to `to_ns`; those that could not be read leave a gap.
void add_series(const std::vector<std::int64_t>& time_ns, const SampleSeries& series, std::int64_t from_ns,
                std::int64_t to_ns, int process, std::vector<Event>& events) {
  std::optional<std::int64_t> zero;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (time_ns[i] < from_ns || time_ns[i] > to_ns || !series.values[i]) continue;
    if (!zero) zero = only_grows(series.name) ? *series.values[i] : 0;
    events.push_back(counter(process, series.name, time_ns[i], *series.values[i] - *zero));
  }
}

void add_samples(const Trace& trace, std::span<const MonitorSamples> samples, Devices& devices,
                 std::vector<Event>& events) {
  if (trace.steps.empty()) return;
  for (const MonitorSamples& monitor : samples) {
    for (const SampleSeries& series : monitor.series) {
      // Counters of no device are also read between steps, under the same names.
      const int process = devices.process_of(series.device.value_or(monitor.monitor));
      add_series(monitor.time_ns, series, trace.steps.front().start_ns, trace.steps.back().end_ns, process,
                 events);
    }
  }
}

}  // namespace

std::string chrome_trace(const Trace& trace, std::span<const MonitorSamples> samples) {
  std::vector<Event> events;
  for (std::size_t step = 0; step < trace.steps.size(); ++step) add_step(trace, step, events);
  Devices devices;
  add_samples(trace, samples, devices, events);
  for (const OperationSpan& span : trace.spans) events.push_back(of_span(span, trace.main_thread));
  std::ranges::stable_sort(events, [](const Event& a, const Event& b) {
    return a.start_ns != b.start_ns ? a.start_ns < b.start_ns : a.duration_ns > b.duration_ns;
  });
  std::string text = fmt::format(R"({{"displayTimeUnit":"ns","otherData":{{"title":{}}},"traceEvents":[)",
                                 text_of(trace.title));
  const char* separator = "\n";
  const auto add = [&](std::string_view line) {
    text += separator;
    text += line;
    separator = ",\n";
  };
  std::vector<std::string> names = names_of(trace);
  devices.add_names(names);
  for (const std::string& line : names) add(line);
  for (const Event& event : events) add(event.line);
  text += "\n]}\n";
  return text;
}

}  // namespace bv2
