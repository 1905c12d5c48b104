// The rules of Chrome's trace event format, as trace viewers apply them.
#pragma once

#include <string>

#include "base/json.h"

namespace bv2::test {

/// What is wrong with a trace document, one fault a line; empty if nothing is. Events have the fields of
/// their phase; stamps (metadata has none) ascend and durations are not negative; on each thread complete
/// events (X) and pairs of begin and end (B, E) lie in or beside each other and never overlap in part, and
/// every begin has its end with the same name; counters (C) have numbers; every thread with events has a
/// name.
std::string trace_faults(const Json& document);

}  // namespace bv2::test
