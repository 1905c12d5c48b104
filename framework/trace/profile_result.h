// What a result says of a trace: where the file is, where the time went, and what tracing cost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/trace/trace.h"

namespace bv2 {

/// The prefill, or the new tokens after it, a step on average.
struct ProfiledPhase {
  std::string phase;                         ///< "prefill", "decode"; "forward" of an encoder
  std::int64_t steps = 0;                    ///< that were traced
  double seconds = 0;                        ///< of a traced step
  double untraced_seconds = 0;               ///< of the same step without tracing: what the trace cost
  std::optional<double> overhead_percent;    ///< of the medians of both
  double operations_seconds = 0;             ///< of a step's operations together
  std::optional<double> operations_percent;  ///< of a traced step; null where no operation was noted
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("phase", self.phase);
    visit("steps", self.steps);
    visit("seconds", self.seconds);
    visit("untraced_seconds", self.untraced_seconds);
    visit("overhead_percent", self.overhead_percent);
    visit("operations_seconds", self.operations_seconds);
    visit("operations_percent", self.operations_percent);
  }
};

/// All spans of one name in a phase.
struct ProfiledOperation {
  std::string phase;
  std::string name;
  std::string kind;
  std::int64_t count = 0;                      ///< in all steps of the phase
  double seconds = 0;                          ///< a step, without the spans within
  std::int64_t bytes = 0;                      ///< a step
  std::optional<double> gigabytes_per_second;  ///< null where other spans lie within, or no bytes are known
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("phase", self.phase);
    visit("name", self.name);
    visit("kind", self.kind);
    visit("count", self.count);
    visit("seconds", self.seconds);
    visit("bytes", self.bytes);
    visit("gigabytes_per_second", self.gigabytes_per_second);
  }
};

struct ProfileResult {
  std::optional<std::string> file;  ///< the trace, beside the document; null where there is none
  Omittable<std::string> error{};   ///< why, one line
  std::int64_t spans = 0;           ///< of operations
  std::vector<ProfiledPhase> phases;
  std::vector<ProfiledOperation> operations;  ///< the phases in order, in each the longest first
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("file", self.file);
    visit("error", self.error);
    visit("spans", self.spans);
    visit("phases", self.phases);
    visit("operations", self.operations);
  }
};

/// All but the file. `untraced`: the lengths of the same steps without tracing, once or several times over.
ProfileResult summarise_trace(const Trace& trace, const std::vector<std::vector<std::int64_t>>& untraced_ns);

}  // namespace bv2
