// The sink of a traced generation.
#include "framework/trace/trace_sink.h"

#include <utility>

#include "base/clock.h"
#include "base/error.h"

namespace bv2 {

TraceSink::TraceSink(std::int64_t steps, IterationMonitor& monitor, const InterruptFlag& interrupt)
    : monitor_(&monitor), interrupt_(&interrupt), expected_(static_cast<std::size_t>(steps)) {
  steps_.reserve(expected_);
}

void TraceSink::start() {
  threads_.begin();
  monitor_->begin();
  start_ns_ = monotonic_now_ns();
}

void TraceSink::on_tokens(std::span<const std::int64_t> /*ids*/) { end_step(); }

void TraceSink::on_encoded() { end_step(); }

void TraceSink::end_step() {
  const std::int64_t now_ns = monotonic_now_ns();
  monitor_->end();
  steps_.push_back({.start_ns = start_ns_,
                    .end_ns = now_ns,
                    .counters = monitor_->values(),
                    .threads = threads_.since_begin()});
  interrupt_->throw_if_raised();
  start();
}

std::vector<TraceStep> TraceSink::take() {
  if (steps_.size() != expected_)
    fail("the model gave {} steps of the {} it was asked for", steps_.size(), expected_);
  return std::move(steps_);
}

}  // namespace bv2
