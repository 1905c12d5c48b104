// What a run makes of models that fail, of Ctrl-C, and of a disk that is full.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "framework/runner.h"
#include "support/error_text.h"
#include "support/run_fixture.h"
#include "support/schema.h"

namespace bv2 {
namespace {

using test::Fault;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using RunnerFaultsTest = test::RunTest;

struct FaultCase {
  Fault fault;
  int at_call;
  std::string error;
  std::size_t measured;
};

class RunnerFaultTest : public test::RunTest, public testing::WithParamInterface<FaultCase> {};

TEST_P(RunnerFaultTest, IsAResultAndTheOthersGoOn) {
  add({.fault = GetParam().fault, .fault_at_call = GetParam().at_call}, "bad");
  add({}, "good");
  EXPECT_EQ(run().exit_status, 1);
  const ScenarioResult bad = document(0).benchmark_scenarios.at(0);
  EXPECT_EQ(bad.status, ScenarioStatus::failed);
  EXPECT_EQ(bad.error, GetParam().error);
  EXPECT_EQ(bad.iterations.size(), GetParam().measured);
  EXPECT_EQ(bad.measurements.empty(), GetParam().measured == 0);
  EXPECT_EQ(document(1).benchmark_scenarios.at(0).status, ScenarioStatus::success);
}

TEST_F(RunnerFaultsTest, WhatTheMachineLacksSkipsTheScenarioAndIsNoFailure) {
  add({.fault = Fault::unavailable}, "lacking");
  EXPECT_EQ(run().exit_status, 0);
  const ScenarioResult skipped = document(0).benchmark_scenarios.at(0);
  EXPECT_EQ(skipped.status, ScenarioStatus::skipped);
  EXPECT_EQ(skipped.error, "install a compiler");
}

INSTANTIATE_TEST_SUITE_P(
    Faults, RunnerFaultTest,
    testing::Values(
        FaultCase{Fault::open_throws, 0, "the model cannot be opened", 0},
        FaultCase{Fault::prepare_throws, 0, "the model cannot be prepared", 0},  // the line break is gone
        FaultCase{Fault::generate_throws, 0, "the model broke", 0},
        FaultCase{Fault::generate_throws, 1, "the model broke", 0},
        FaultCase{Fault::generate_throws, 4, "the model broke", 2},
        FaultCase{Fault::throws_no_exception_type, 2, "an exception that says nothing about itself", 0},
        FaultCase{Fault::out_of_memory, 3, "out of memory", 1},
        FaultCase{Fault::nan_logits, 0,
                  "the check failed: the logit of token id 7 is nan (new token 1, sequence 1)", 0},
        FaultCase{Fault::no_logits, 0, "the check failed: the model gave no logits for new token 1", 0},
        FaultCase{Fault::one_token_too_few, 0, "the check failed: 3 new tokens instead of 4", 0},
        FaultCase{Fault::one_token_too_many, 0, "the check failed: more than 4 new tokens", 0},
        FaultCase{Fault::wrong_batch, 0, "the check failed: tokens of 2 sequences, the batch has 1", 0},
        FaultCase{Fault::id_outside_vocabulary, 0,
                  "the check failed: token id 300 is outside the vocabulary of 300", 0}));

TEST_F(RunnerFaultsTest, OtherScenariosOfTheBenchmarkGoOnToo) {
  add({.max_positions = 30});
  options_.sequence_lengths = {10, 100, 20};
  EXPECT_EQ(run().exit_status, 1);
  std::vector<ScenarioStatus> statuses;
  for (const ScenarioResult& result : document().benchmark_scenarios) statuses.push_back(result.status);
  EXPECT_THAT(statuses,
              ElementsAre(ScenarioStatus::success, ScenarioStatus::failed, ScenarioStatus::success));
  EXPECT_THAT(*document().benchmark_scenarios[1].error, HasSubstr("need 105 positions, the model has 30"));
  EXPECT_EQ(summary().run_metadata.failed_benchmarks, 1);
}

TEST_F(RunnerFaultsTest, OutputThatDiffersBetweenIterationsIsFlagged) {
  add({.fault = Fault::other_output_each_call});
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_THAT(scenario().iterations[0].flags, Not(Contains("output_differs")));
  EXPECT_THAT(scenario().iterations[1].flags, Contains("output_differs"));
}

TEST_F(RunnerFaultsTest, WhatIsTimedIsHeldAgainstTheReferenceToo) {
  options_.verification = true;
  options_.dtype = "float32";
  add({.fault = Fault::other_output_without_logits});
  EXPECT_EQ(run().exit_status, 1);
  EXPECT_EQ(scenario().status, ScenarioStatus::failed);
  EXPECT_EQ(scenario().verification.status, VerificationStatus::passed) << "with logits it is right";
  EXPECT_THAT(
      scenario().error.value(),
      HasSubstr("the output of an iteration is not that of eager float32: token 0 of sequence 0 is 1"));
}

TEST_F(RunnerFaultsTest, CtrlCKeepsWhatWasMeasured) {
  test::FakeBehaviour behaviour;
  behaviour.before_token = [&](int call, std::int64_t token) {
    if (call == 4 && token == 2) interrupt_.raise();  // in the third measured iteration
  };
  const auto record = add(behaviour, "first").record();
  add({}, "second");
  options_.level = 1;
  EXPECT_EQ(run().exit_status, 130);
  EXPECT_EQ(record->calls.back().token_ns.size(), 3U);  // it ended at that token
  const ScenarioResult result = scenario();             // and nothing else was begun
  EXPECT_EQ(result.status, ScenarioStatus::failed);
  EXPECT_EQ(result.error, "interrupted after 2 of 3 iterations");
  EXPECT_EQ(result.iterations.size(), 2U);
  EXPECT_EQ(result.measurement("latency")->count, 2U);
  EXPECT_EQ(record->opened.size(), 1U);
  EXPECT_EQ(summary().run_metadata.total_benchmarks, 2);
  EXPECT_EQ(summary().run_metadata.failed_benchmarks, 1);
  EXPECT_EQ(summary().run_metadata.successful_benchmarks, 0);
  EXPECT_EQ(summary().benchmark_results[1],
            (std::pair<std::string, std::optional<std::string>>{"second", std::nullopt}));
}

TEST_F(RunnerFaultsTest, CtrlCBeforeTheStartMeasuresNothing) {
  const auto record = add().record();
  interrupt_.raise();
  EXPECT_EQ(run().exit_status, 130);
  EXPECT_TRUE(record->opened.empty());
  EXPECT_TRUE(outcome_.documents.empty());
}

/// Runs with files limited to that size, as a child: what a full disk does to those who write.
int exit_status_with_small_files(const std::function<int()>& run, rlim_t largest_bytes) {
  const rlimit limit{largest_bytes, largest_bytes};
  ::signal(SIGXFSZ, SIG_IGN);  // as on a full disk, write() fails rather than the process
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 99;
  return run();
}

TEST_F(RunnerFaultsTest, DocumentThatNoLongerFitsLeavesTheOneBefore) {
  add();
  options_.sequence_lengths.assign(1, 4);
  options_.num_tokens_to_generate = {5, 50'000};  // the second makes the document larger than the limit
  const auto child = [&] {
    const RunOutcome outcome = run();
    const bool told =
        !observer_.problems.empty() && observer_.problems[0].find("File too large") != std::string::npos;
    const bool one_line = told && observer_.problems[0].find('\n') == std::string::npos;
    const bool went_on = observer_.events.back() == "document" && !outcome.summary.empty();  // the summary
    const bool kept =
        outcome.documents.size() == 1 && document().benchmark_scenarios[0].status == ScenarioStatus::success;
    return outcome.exit_status == 1 && one_line && went_on && kept ? 0 : 1;
  };
  EXPECT_EXIT(::_exit(exit_status_with_small_files(child, 100'000)), testing::ExitedWithCode(0), "");
}

/// A small file system below a folder, where this process may mount one. It holds the documents of a short
/// run, in which the machine's description is tens of kilobytes.
class SmallFileSystem {
 public:
  explicit SmallFileSystem(const std::filesystem::path& folder) : folder_(folder) {
    std::filesystem::create_directories(folder);
    mounted_ = ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=128k") == 0;
  }
  ~SmallFileSystem() {
    if (mounted_) ::umount(folder_.c_str());
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::filesystem::path folder_;
  bool mounted_ = false;
};

TEST_F(RunnerFaultsTest, FullDiskLeavesWhatWasWritten) {
  const SmallFileSystem disk(options_.output_dir);
  if (!disk.mounted()) GTEST_SKIP() << "this process may not mount a small file system";
  add();
  options_.num_tokens_to_generate = {5, 20'000};
  EXPECT_EQ(run().exit_status, 1);
  ASSERT_FALSE(observer_.problems.empty());
  EXPECT_THAT(observer_.problems[0], HasSubstr("No space left on device"));
  EXPECT_EQ(document().benchmark_scenarios.at(0).status, ScenarioStatus::success);
  EXPECT_EQ(summary().run_metadata.failed_benchmarks, 1);
}

TEST_F(RunnerFaultsTest, DiskThatIsFullFromTheStartIsFoundBeforeMeasuring) {
  const SmallFileSystem disk(options_.output_dir);
  if (!disk.mounted()) GTEST_SKIP() << "this process may not mount a small file system";
  std::ofstream(options_.output_dir / "filler") << std::string(200'000, 'x');
  const auto record = add().record();
  EXPECT_THAT(test::error_text<UsageError>([&] { run(); }), HasSubstr("No space left on device"));
  EXPECT_TRUE(record->opened.empty());
}

}  // namespace
}  // namespace bv2
