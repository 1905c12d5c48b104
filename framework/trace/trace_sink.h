// The sink of a traced generation: its steps, with the monitors read between them.
#pragma once

#include <span>
#include <vector>

#include "base/interrupt.h"
#include "framework/model_benchmark.h"
#include "framework/trace/trace.h"

namespace bv2 {

/// Notes when each step began and ended. What is read of the system in between belongs to no step.
class TraceSink final : public TokenSink {
 public:
  /// `steps`: new tokens, 1 of an encoder. The flag and the monitor must outlive the sink.
  TraceSink(std::int64_t steps, IterationMonitor& monitor, const InterruptFlag& interrupt);

  /// The first step begins, last thing.
  void start();
  /// Throws Interrupted once the flag is raised.
  void on_tokens(std::span<const std::int64_t> ids) override;
  void on_encoded() override;

  /// Throws Error where steps are missing.
  std::vector<TraceStep> take();

 private:
  void end_step();

  IterationMonitor* monitor_;
  const InterruptFlag* interrupt_;
  ThreadTimes threads_;
  std::size_t expected_;
  std::int64_t start_ns_ = 0;
  std::vector<TraceStep> steps_;
};

}  // namespace bv2
