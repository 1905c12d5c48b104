// A trace as a file of Chrome's trace event format, which Perfetto and chrome://tracing load.
#pragma once

#include <span>
#include <string>

#include "framework/monitors/samples.h"
#include "framework/trace/trace.h"

namespace bv2 {

/// The document ("JSON object format" of Chrome's "Trace Event Format"): complete events (ph X) for steps and
/// operations on the thread that ran them, one for each step on every other thread that ran meanwhile,
/// counters (ph C) at the beginning of each step, and the names (ph M). Samples that were taken from the
/// first step's begin to the last one's end are counters too, those of each device in a process of its name;
/// totals count from the first of them. Stamps are microseconds of the clock of the token stamps, to the
/// nanosecond, and ascend.
std::string chrome_trace(const Trace& trace, std::span<const MonitorSamples> samples = {});

}  // namespace bv2
