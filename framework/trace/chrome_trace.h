// A trace as a file of Chrome's trace event format, which Perfetto and chrome://tracing load.
#pragma once

#include <string>

#include "framework/trace/trace.h"

namespace bv2 {

/// The document ("JSON object format" of Chrome's "Trace Event Format"): complete events (ph X) for steps and
/// operations on the thread that ran them, one for each step on every other thread that ran meanwhile,
/// counters (ph C) at the beginning of each step, and the names (ph M). Stamps are microseconds of the clock
/// of the token stamps, to the nanosecond, and ascend.
std::string chrome_trace(const Trace& trace);

}  // namespace bv2
