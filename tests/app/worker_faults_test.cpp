// Scenarios that misbehave: each costs itself, the error names the cause, and nothing is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "framework/result.h"
#include "support/built.h"
#include "support/process.h"
#include "support/processes.h"
#include "support/sanitizers.h"
#include "support/schema.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;

/// A run of one benchmark that misbehaves and of one that does not, each in two sizes.
class FaultRun {
 public:
  explicit FaultRun(const std::string& fault, const std::vector<std::string>& more = {}) : fault_(fault) {
    std::vector<std::string> command{test::program(),
                                     "run",
                                     "--benches-dir",
                                     test::module_dir("faults"),
                                     "--include",
                                     fault,
                                     "good",
                                     "--output-dir",
                                     folder_.path() / "results",
                                     "--level",
                                     "0",
                                     "--batch-size",
                                     "1",
                                     "2",
                                     "--num-tokens-to-generate",
                                     "5",
                                     "--warmup-iterations",
                                     "1",
                                     "--measurement-iterations",
                                     "6"};
    command.insert(command.end(), more.begin(), more.end());
    process_.emplace(command, folder_.path(),
                     std::vector<std::string>{mark_.variable(), "BV2_TEST_PID_FILE=" + pid_file().string()});
  }

  [[nodiscard]] fs::path pid_file() const { return folder_.path() / "pid"; }

  /// Waits for the end, and holds what is true of every fault.
  void expect_contained() {
    result_ = process_->wait();
    EXPECT_EQ(result_.status, 1) << result_.err;
    EXPECT_THAT(mark_.processes(), testing::IsEmpty()) << "processes are left behind";
    for (const ScenarioResult& good : document_of("good").benchmark_scenarios) {
      EXPECT_EQ(good.status, ScenarioStatus::success) << good.error.value_or("");
      EXPECT_EQ(good.iterations.size(), 6U);
    }
    for (const auto& entry : fs::directory_iterator(folder_.path() / "results")) {
      if (entry.is_directory()) continue;
      EXPECT_EQ(test::schema_faults(entry.path(), "benchmark_summary.schema.json"), "");
    }
  }

  /// What became of the one that misbehaved, at batch size 1.
  [[nodiscard]] ScenarioResult faulty() const { return document_of(fault_).benchmark_scenarios.at(0); }

 private:
  [[nodiscard]] BenchmarkDocument document_of(const std::string& benchmark) const {
    for (const auto& entry : fs::directory_iterator(folder_.path() / "results" / benchmark)) {
      EXPECT_EQ(test::schema_faults(entry.path(), "benchmark_document.schema.json"), "");
      BenchmarkDocument document = read_benchmark_document(entry.path());
      EXPECT_EQ(document.benchmark_scenarios.size(), 2U);
      return document;
    }
    throw std::runtime_error("no document of " + benchmark + ": " + result_.err);
  }

  std::string fault_;
  test::TemporaryFolder folder_;
  test::ProcessMark mark_;
  std::optional<test::Process> process_;
  test::ProcessResult result_;
};

struct FaultCase {
  std::string fault;
  ScenarioStatus status;
  std::string error;  ///< a regular expression
  std::size_t iterations = 2;
  std::vector<std::string> options{};
};

class WorkerFault : public testing::TestWithParam<FaultCase> {};

TEST_P(WorkerFault, CostsItsScenarioAndNoMore) {
  FaultRun run(GetParam().fault, GetParam().options);
  run.expect_contained();
  const ScenarioResult faulty = run.faulty();
  EXPECT_EQ(faulty.status, GetParam().status);
  EXPECT_THAT(faulty.error.value_or("none"), MatchesRegex(GetParam().error));
  EXPECT_EQ(faulty.iterations.size(), GetParam().iterations);
}

constexpr auto crashed = ScenarioStatus::crashed;
constexpr auto failed = ScenarioStatus::failed;
constexpr auto timed_out = ScenarioStatus::timed_out;
// Enough for a process to start while other tests run.
const std::vector<std::string> short_timeout{"--timeout", "3s"};

INSTANTIATE_TEST_SUITE_P(
    Faults, WorkerFault,
    testing::Values(
        FaultCase{"fault_abort", crashed,
                  "its process was killed by signal 6 \\(SIGABRT\\), during an iteration.*"},
        FaultCase{"fault_segfault", crashed,
                  "its process was killed by signal 11 \\(SIGSEGV\\), during an iteration.*"},
        FaultCase{"fault_killed", crashed, "its process was killed by signal 9 \\(SIGKILL\\).*"},
        FaultCase{"fault_exit", crashed, "its process ended by itself with status 7, during an iteration"},
        FaultCase{"fault_orphan", crashed, "its process ended by itself with status 0, during an iteration"},
        FaultCase{"fault_closed_pipe", crashed,
                  ".*process ended by itself with status 1, during an iteration"},
        FaultCase{"fault_garbage_in_pipe", crashed,
                  "the connection to its process broke \\(sent something that is no message\\).*"},
        FaultCase{"fault_deaf", crashed, "the connection to its process broke \\(closed\\).*"},
        FaultCase{"fault_loop_in_iteration", timed_out,
                  "an iteration was not done after 3 s \\(--timeout\\), and its process was killed", 2,
                  short_timeout},
        FaultCase{"fault_loop_in_prepare", timed_out,
                  "preparing was not done after 3 s \\(--timeout\\), and its process was killed", 0,
                  short_timeout},
        FaultCase{"fault_loop_in_iteration",
                  timed_out,
                  "the scenario.*--scenario-timeout.*",
                  2,
                  {"--scenario-timeout", "4s"}},
        FaultCase{"fault_exception", failed, "the model broke in two lines"},
        FaultCase{"fault_nan_logits", failed, "the check failed: the logit of token id 3 is nan .*", 0},
        FaultCase{"fault_token_count", failed, "the model gave 4 new tokens of the 5 it was asked for", 0},
        FaultCase{"fault_too_many_tokens", failed,
                  "the model gave more than the 5 new tokens it was asked for", 0}),
    [](const auto& info) { return info.param.fault.substr(6) + "_" + std::to_string(info.index); });

TEST(WorkerFaults, MemoryLimitIsOneScenarioWithoutMemory) {
  if (!test::memory_is_ours) GTEST_SKIP() << "a sanitizer takes more memory than any limit";
  FaultRun run("fault_memory", {"--memory-limit", "300m"});
  run.expect_contained();
  EXPECT_EQ(run.faulty().status, failed);
  EXPECT_EQ(run.faulty().error, "out of memory");
}

TEST(WorkerFaults, WorkerKilledFromOutsideIsToldFromWantOfMemory) {
  FaultRun run("fault_waiting", {"--timeout", "30s"});
  for (int batch_size = 1; batch_size <= 2; ++batch_size) {  // both of its scenarios wait to be killed
    pid_t pid = 0;
    while (!(std::ifstream(run.pid_file()) >> pid)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    fs::remove(run.pid_file());
    ::kill(pid, SIGKILL);
  }
  run.expect_contained();
  EXPECT_EQ(run.faulty().status, crashed);
  EXPECT_THAT(*run.faulty().error,
              testing::AllOf(HasSubstr("signal 9 (SIGKILL) from outside"), HasSubstr("during an iteration")));
}

TEST(WorkerFaults, NoWorkerOutlivesARunThatIsKilled) {
  const test::TemporaryFolder folder;
  const test::ProcessMark mark;
  test::Process process({test::program(), "run", "--benches-dir", test::module_dir("quick"), "--include",
                         "quick", "--output-dir", folder.path(), "--level", "0", "--measurement-iterations",
                         "1000000", "--log-level", "DEBUG"},
                        folder.path(), {mark.variable()});
  ASSERT_TRUE(process.wait_for_err("measure 2/1000000"));
  EXPECT_EQ(mark.processes().size(), 2U);
  process.send(SIGKILL);
  process.wait();
  for (int tries = 0; !mark.processes().empty() && tries < 500; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_THAT(mark.processes(), testing::IsEmpty());
}

}  // namespace
}  // namespace bv2
