// A trace: the names of its steps, the nesting of its spans.
#include "framework/trace/trace.h"

#include <fmt/format.h>

namespace bv2 {

std::string step_name(const Trace& trace, std::size_t step) {
  if (step > 0) return fmt::format("token {}", step);
  return trace.encodes ? "forward" : "prefill";
}

std::vector<std::int64_t> span_depths(const std::vector<OperationSpan>& spans) {
  std::vector<std::int64_t> depths;
  depths.reserve(spans.size());
  std::vector<std::int64_t> ends;  // of the spans that the present one may lie in
  for (const OperationSpan& span : spans) {
    while (!ends.empty() && ends.back() <= span.start_ns) ends.pop_back();
    depths.push_back(static_cast<std::int64_t>(ends.size()));
    ends.push_back(span.end_ns);
  }
  return depths;
}

}  // namespace bv2
