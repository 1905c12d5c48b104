// The rules of Chrome's trace event format.
#include "support/trace_checker.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace bv2::test {
namespace {

/// Stamps are microseconds with three digits: whole nanoseconds, which compare exactly.
std::int64_t nanoseconds(const Json& microseconds) { return std::llround(microseconds.get<double>() * 1000); }

struct Open {
  std::string name;
  std::int64_t end_ns;  ///< of a complete event; -1: of a begin that waits for its end
};

class Checker {
 public:
  void check(const Json& event) {
    event_ = &event;
    for (const char* const field : {"ph", "pid"}) {
      if (!event.contains(field)) return fault(fmt::format("has no {}", field));
    }
    const auto phase = event["ph"].get<std::string>();
    if (phase == "M") return check_name();
    if (!event.contains("ts") || !event["ts"].is_number()) return fault("has no ts");
    const std::int64_t now_ns = nanoseconds(event["ts"]);
    if (now_ns < last_ns_) fault("is earlier than the event before it");
    last_ns_ = now_ns;
    if (phase == "C") return check_counter();
    if (!event.contains("tid")) return fault("has no tid");
    const auto thread = event["tid"].get<std::int64_t>();
    threads_.insert(thread);
    std::vector<Open>& open = open_[thread];
    if (phase == "E") return end(open, now_ns);
    if (!event.contains("name") || event["name"].get<std::string>().empty()) return fault("has no name");
    // What has ended by now holds nothing any more.
    while (!open.empty() && open.back().end_ns >= 0 && open.back().end_ns <= now_ns) open.pop_back();
    if (phase == "B") return open.push_back({event["name"].get<std::string>(), -1});
    if (phase != "X") return fault(fmt::format("has the phase {}, which is not known here", phase));
    if (!event.contains("dur") || !event["dur"].is_number() || event["dur"].get<double>() < 0)
      return fault("has no duration");
    const std::int64_t end_ns = now_ns + nanoseconds(event["dur"]);
    if (!open.empty() && open.back().end_ns >= 0 && end_ns > open.back().end_ns)
      fault(fmt::format("ends {} ns after '{}', in which it began", end_ns - open.back().end_ns,
                        open.back().name));
    open.push_back({event["name"].get<std::string>(), end_ns});
  }

  std::string finish() {
    for (const auto& [thread, open] : open_) {
      for (const Open& one : open) {
        if (one.end_ns < 0) faults_ += fmt::format("'{}' of thread {} has no end\n", one.name, thread);
      }
    }
    for (const std::int64_t thread : threads_) {
      if (!named_.contains(thread)) faults_ += fmt::format("thread {} has no name\n", thread);
    }
    return faults_;
  }

 private:
  void check_name() {
    const Json& event = *event_;
    const std::string what = event.value("name", "");
    if (what != "process_name" && what != "thread_name") return fault("names what is not known here");
    if (!event.contains("args") || event["args"].value("name", "").empty()) return fault("gives no name");
    if (what == "thread_name") named_.insert(event.at("tid").get<std::int64_t>());
  }

  void check_counter() {
    const Json& event = *event_;
    if (!event.contains("args") || event["args"].empty()) return fault("has no value");
    for (const auto& [name, value] : event["args"].items()) {
      if (!value.is_number()) fault(fmt::format("has a value '{}' that is no number", name));
    }
  }

  void end(std::vector<Open>& open, std::int64_t now_ns) {
    while (!open.empty() && open.back().end_ns >= 0) {
      if (open.back().end_ns > now_ns)
        fault(fmt::format("ends before '{}', which began in it", open.back().name));
      open.pop_back();
    }
    if (open.empty()) return fault("ends what did not begin");
    const std::string begun = open.back().name;
    open.pop_back();
    if (event_->contains("name") && (*event_)["name"] != begun) fault(fmt::format("ends '{}'", begun));
  }

  void fault(const std::string& what) { faults_ += fmt::format("{} {}\n", event_->dump(), what); }

  const Json* event_ = nullptr;
  std::int64_t last_ns_ = 0;
  std::map<std::int64_t, std::vector<Open>> open_;
  std::set<std::int64_t> threads_;
  std::set<std::int64_t> named_;
  std::string faults_;
};

}  // namespace

std::string trace_faults(const Json& document) {
  if (!document.is_object() || !document.contains("traceEvents")) return "there are no traceEvents\n";
  Checker checker;
  for (const Json& event : document["traceEvents"]) checker.check(event);
  return checker.finish();
}

}  // namespace bv2::test
