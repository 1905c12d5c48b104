// A worker that waits for its turn takes nothing from whoever has it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "framework/worker/messages.h"
#include "framework/worker/serve.h"
#include "framework/worker/worker_process.h"
#include "support/built.h"
#include "support/data.h"
#include "support/processes.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// What the threads of a process have done.
struct ThreadTimes {
  std::int64_t threads = 0;
  std::int64_t cpu_ns = 0;
};

/// From the first number of each task's schedstat: the time that it was on a processor.
ThreadTimes thread_times(pid_t pid) {
  ThreadTimes times;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::int64_t cpu_ns = 0;
    if (!(std::ifstream(task.path() / "schedstat") >> cpu_ns)) continue;
    ++times.threads;
    times.cpu_ns += cpu_ns;
  }
  return times;
}

class IdleWorker : public testing::TestWithParam<const char*> {};

TEST_P(IdleWorker, WithAModelAndItsThreadsTakesNoProcessorTime) {
  ::unsetenv("OMP_WAIT_POLICY");  // as users have it: OpenMP's threads spin before they sleep
  const test::ProcessMark mark;
  std::string variable = mark.variable();
  const std::size_t name_size = variable.find('=');
  ::setenv(variable.substr(0, name_size).c_str(), variable.substr(name_size + 1).c_str(), 1);
  const InterruptFlag interrupt;
  WorkerProcess worker({.program = {.command = {test::program(), worker_argument}}, .on_output = {}},
                       interrupt);
  ScenarioConfig config;
  config.model_id = test::data_dir() / "models/llama";
  config.variant = GetParam();
  config.threads = 2;
  config.batch_size = 4;  // work enough for two threads
  config.sequence_length = 64;
  config.num_tokens_to_generate = 8;
  worker.ask(LoadRequest{.benchmark = "llama", .config = config});
  worker.ask(MakePromptRequest{.prompt = {.texts = {}, .ids = {1, 2, 3, 4}}});
  worker.ask(PrepareRequest{});
  worker.ask(CheckRequest{});
  worker.ask(IterateRequest{});
  const std::vector<pid_t> processes = mark.processes();
  ASSERT_EQ(processes.size(), 1U);

  const ThreadTimes before = thread_times(processes[0]);
  constexpr std::chrono::milliseconds idle{500};
  std::this_thread::sleep_for(idle);
  const ThreadTimes after = thread_times(processes[0]);
  EXPECT_GE(before.threads, 2) << "OpenMP's are there";
  EXPECT_EQ(after.threads, before.threads);
  const std::int64_t worked_ns = after.cpu_ns - before.cpu_ns;
  RecordProperty("worked_ns", std::to_string(worked_ns));
  // The end of its answer may still be in it; a single thread that spins would have half a second.
  EXPECT_LT(worked_ns, 1'000'000);

  EXPECT_EQ(worker.ask(IterateRequest{}).iteration.token_ns.size(), 8U) << "it wakes up";
}

INSTANTIATE_TEST_SUITE_P(Variants, IdleWorker, testing::Values("eager", "kernelized"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace bv2
