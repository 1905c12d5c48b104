// Runs that are interrupted and resumed: nothing that was measured is lost or counted twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "framework/journal.h"
#include "framework/result.h"
#include "support/built.h"
#include "support/process.h"
#include "support/schema.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Four scenarios, one of which fails, with 1 ms an iteration.
class Resume : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{test::program(),
                                     "run",
                                     "--benches-dir",
                                     test::module_dir("quick"),
                                     "--include",
                                     "quick",
                                     "--output-dir",
                                     results(),
                                     "--level",
                                     "2",
                                     "--num-tokens-to-generate",
                                     "5",
                                     "--warmup-iterations",
                                     "1",
                                     "--measurement-iterations",
                                     std::to_string(iterations_),
                                     "--schedule-seed",
                                     "5",
                                     "--launches",
                                     "2"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  [[nodiscard]] fs::path results() const { return folder_.path() / "results"; }

  [[nodiscard]] std::vector<fs::path> files(std::string_view extension) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(results())) {
      if (entry.path().extension() == extension) found.push_back(entry.path());
    }
    return found;
  }
  [[nodiscard]] BenchmarkDocument only_document() const {
    std::vector<fs::path> documents = files(".json");
    std::erase_if(documents, [&](const fs::path& path) { return path.parent_path() == results(); });
    EXPECT_EQ(documents.size(), 1U);
    EXPECT_EQ(test::schema_faults(documents.at(0), "benchmark_document.schema.json"), "");
    return read_benchmark_document(documents.at(0));
  }

  /// The starts of all iterations that are in the journal, by scenario.
  [[nodiscard]] std::set<std::pair<std::int64_t, std::int64_t>> journaled() const {
    std::set<std::pair<std::int64_t, std::int64_t>> starts;
    for (const fs::path& journal : files(".jsonl")) {
      for (const JournalLine& line : read_journal(journal).lines) {
        if (const auto record = line.as<IterationRecord>()) {
          starts.emplace(record->scenario, record->iteration.start_ns);
        }
      }
    }
    return starts;
  }

  test::TemporaryFolder folder_;
  int iterations_ = 20;
};

/// Without times, and without what says that other processes went on.
Json without_times(const BenchmarkDocument& document) {
  Json json = to_json(document);
  for (Json& comparison : json["comparisons"]) {
    comparison = Json{{"base", comparison["base"]}, {"scenario", comparison["scenario"]}};
  }
  for (Json& scenario : json["benchmark_scenarios"]) {
    for (const char* field : {"phases", "interference", "roofline", "steady_state", "token_latency"}) {
      scenario.erase(field);
    }
    for (const char* field : {"timestamp", "hardware_info"}) scenario["metadata"].erase(field);
    for (Json& monitor : scenario["monitors"]) {
      monitor = Json{{"monitor", monitor["monitor"]}, {"status", monitor["status"]}};
    }
    for (auto& [name, measurement] : scenario["measurements"].items()) {
      measurement = Json{{"unit", measurement["unit"]}, {"values", measurement["measurements"].size()}};
    }
    for (Json& iteration : scenario["iterations"]) {
      iteration = Json{{"order", iteration["order"]},
                       {"round", iteration["round"]},
                       {"tokens", iteration["token_ns"].size()}};
    }
  }
  return json;
}

TEST_F(Resume, WithNothingToResumeSaysSo) {
  const auto result = test::run_process(command({"--resume"}));
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.err,
            "run_benchmarks: --resume: '" + results().string() + "' has no run that was interrupted\n");
}

TEST_F(Resume, AfterCtrlCGoesOnInTheSameDocument) {
  iterations_ = 200;
  auto interrupted = command({"--log-level", "DEBUG"});
  test::Process process(interrupted);
  ASSERT_TRUE(process.wait_for_err("measure 20/200"));
  process.send(SIGINT);
  EXPECT_EQ(process.wait().status, 130);
  const auto before = journaled();
  EXPECT_GT(before.size(), 19U);
  EXPECT_EQ(only_document().benchmark_scenarios[0].status, ScenarioStatus::failed);

  const auto resumed = test::run_process(command({"--resume"}));
  EXPECT_EQ(resumed.status, 1) << "one scenario fails: " << resumed.err;
  const BenchmarkDocument document = only_document();
  ASSERT_EQ(document.benchmark_scenarios.size(), 4U);
  EXPECT_EQ(document.benchmark_scenarios[0].iterations.size(), 400U);
  EXPECT_GT(document.benchmark_scenarios[0].iterations.back().launch, 1)
      << "a resumed launch is another process";
  EXPECT_EQ(journaled().size(), 1200U);
  EXPECT_EQ(test::run_process(command({"--resume"})).status, 2) << "it is finished";
}

TEST_F(Resume, OfSomethingElseSaysWhatDiffers) {
  iterations_ = 1000;
  test::Process process(command({"--log-level", "DEBUG"}));
  ASSERT_TRUE(process.wait_for_err("measure 5/1000"));
  const auto meanwhile = test::run_process(command({"--resume"}));
  EXPECT_EQ(meanwhile.status, 1);
  EXPECT_THAT(meanwhile.err, HasSubstr("its run still goes on"));
  process.send(SIGINT);
  process.wait();
  iterations_ = 10;
  const auto other = test::run_process(command({"--resume"}));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.err, HasSubstr("measurement_iterations was 1000, now it is 10"));
}

// 50 runs that are killed up to four times, at random moments of the time that such a run takes.
TEST_F(Resume, SlowAfterSigkillAtAnyMomentLosesNothing) {
  const auto begin = std::chrono::steady_clock::now();
  test::run_process(command());
  const auto whole =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
  const Json expected = without_times(only_document());
  std::mt19937 random(1234);
  int kills = 0;
  int kills_while_measuring = 0;
  while (kills < 50) {
    fs::remove_all(results());
    std::map<std::pair<std::int64_t, std::int64_t>, int> seen;
    test::ProcessResult result;
    bool was_finished = false;
    for (int sitting = 0;; ++sitting) {
      const bool resume = fs::exists(results()) && !newest_unfinished_journal(results()).empty();
      const auto arguments = resume ? std::vector<std::string>{"--resume"} : std::vector<std::string>{};
      test::Process process(command(arguments));
      if (sitting == 4 || kills == 50) {
        result = process.wait();
        break;
      }
      std::this_thread::sleep_for(
          std::chrono::microseconds(std::uniform_int_distribution<std::int64_t>(0, whole.count())(random)));
      process.send(SIGKILL);
      result = process.wait();
      if (result.status != 128 + SIGKILL) break;  // it was done before
      ++kills;
      const auto starts = fs::exists(results()) ? journaled() : decltype(journaled()){};
      if (!starts.empty()) ++kills_while_measuring;
      for (const auto& start : starts) seen[start] = 0;
      // Killed after its last word: a next one would be a run of its own.
      was_finished =
          fs::exists(results()) && !files(".json").empty() && newest_unfinished_journal(results()).empty();
      if (was_finished) break;
    }
    if (!was_finished) {
      ASSERT_EQ(result.status, 1) << result.err;
    }
    const BenchmarkDocument document = only_document();
    for (std::size_t i = 0; i < document.benchmark_scenarios.size(); ++i) {
      for (const Iteration& iteration : document.benchmark_scenarios[i].iterations) {
        ++seen[{static_cast<std::int64_t>(i), iteration.start_ns}];
      }
    }
    for (const auto& [start, count] : seen) EXPECT_EQ(count, 1) << start.first << " " << start.second;
    EXPECT_EQ(without_times(document), expected);
  }
  EXPECT_GT(kills_while_measuring, 20);
}

}  // namespace
}  // namespace bv2
