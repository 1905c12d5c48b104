// A worker in a process of its own: whatever happens there costs one scenario.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interrupt.h"
#include "framework/worker/channel.h"
#include "framework/worker/child_process.h"
#include "framework/worker/out_of_memory.h"
#include "framework/worker/worker.h"

namespace bv2 {

/// What serves as a worker.
struct WorkerProgram {
  std::vector<std::string> command{};       ///< of a program that calls serve_worker
  std::vector<std::string> benches_dirs{};  ///< where it finds benchmarks, besides its own
  std::vector<std::string> kernels_dirs{};  ///< and kernels
};

/// How a worker's process is started and how long it may take.
struct WorkerProcessOptions {
  WorkerProgram program;
  bool monitors_only = false;                            ///< see HelloRequest
  std::int64_t request_timeout_ns = 0;                   ///< of each request; 0: none
  std::int64_t time_left_ns = 0;                         ///< for all requests together; 0: no limit
  std::int64_t memory_limit_bytes = 0;                   ///< of its private memory; 0: none
  std::optional<int> avoided_cpu{};                      ///< a processor that others are to have
  std::function<void(std::string_view line)> on_output;  ///< what it prints, line by line
};

/// Starts the process and talks to it. A process that ends, is killed, breaks the connection or gives no
/// answer in time becomes a ScenarioFailure (crashed or timed_out) that names the cause and what it was
/// doing; it can then be asked nothing more. The flag must outlive it.
class WorkerProcess final : public Worker {
 public:
  WorkerProcess(WorkerProcessOptions options, const InterruptFlag& interrupt);
  ~WorkerProcess() override;
  Json ask_json(std::string_view request, const Json& body) override;

 private:
  /// Sleeps until there is something to read. Throws for an interruption and once it is too late.
  void wait_for_reply(std::string_view request, int fd);
  void check_time(std::string_view request);
  void read_output();
  [[noreturn]] void fail_as_dead(std::string_view request, const std::string& symptom);

  WorkerProcessOptions options_;
  const InterruptFlag* interrupt_;
  OutOfMemoryKills kills_before_;
  ChildProcess process_;
  Channel channel_;
  std::int64_t request_start_ns_ = 0;
  std::int64_t spent_ns_ = 0;  ///< on the requests before
  bool usable_ = true;
  std::string output_;     ///< the line that is not yet whole
  std::string last_line_;  ///< the last that says something
};

}  // namespace bv2
