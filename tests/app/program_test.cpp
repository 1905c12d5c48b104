// The program as its users meet it: a process with arguments, two streams, an exit status, and files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "base/json.h"
#include "framework/result.h"
#include "support/built.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using test::Process;
using test::ProcessResult;
using testing::AllOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Program : public testing::Test {
 protected:
  /// The command line of the program with the quick module, and results in a folder of the test's own.
  [[nodiscard]] std::vector<std::string> quick(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command{test::program(), "run",   "--benches-dir", test::module_dir("quick"),
                                     "--include",     "quick", "--output-dir",  results()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }
  [[nodiscard]] fs::path results() const { return folder_.path() / "results"; }

  [[nodiscard]] std::vector<fs::path> files_in(const fs::path& dir) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
  }
  [[nodiscard]] BenchmarkDocument only_document() const {
    const auto files = files_in(results() / "quick-model");
    EXPECT_EQ(files.size(), 1U);
    return read_benchmark_document(files.at(0));
  }

  test::TemporaryFolder folder_;
};

ProcessResult run_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), test::program());
  return test::run_process(arguments);
}

void expect_one_line(const ProcessResult& result, int status, const std::string& line) {
  EXPECT_EQ(result.status, status);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "run_benchmarks: " + line + "\n");
}

TEST_F(Program, SaysInOneLineWhatIsWrongWithTheCommandLine) {
  expect_one_line(run_program({"--levle", "1"}), 2,
                  "the option '--levle' is not known, did you mean '--level'?");
  expect_one_line(run_program({"--dtype", "int3"}), 2,
                  "--dtype: 'int3' is not known (known: float32, bfloat16, float16)");
  expect_one_line(run_program({"--benches-dir", "/nowhere"}), 2,
                  "--benches-dir: '/nowhere' is not a folder; name one with benchmark modules (*.so)");
  const auto nothing = run_program({"list", "--include", "no-such-model"});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_THAT(nothing.err, StartsWith("run_benchmarks: --include 'no-such-model' "));
}

TEST_F(Program, HelpAndVersionGoToStdout) {
  const auto help = run_program({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_EQ(help.err, "");
  EXPECT_THAT(help.out, HasSubstr("--num-tokens-to-generate N..."));
  EXPECT_THAT(run_program({"--version"}).out, StartsWith("benchmark_v2 "));
}

TEST_F(Program, ListsWhatTheOptionsWouldGive) {
  const auto result = run_program({"list", "--benches-dir", test::module_dir("quick"), "--include", "quick",
                                   "--level", "2", "--batch-size", "1", "2", "--format", "json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json scenarios = parse_json(result.out, "output");
  ASSERT_EQ(scenarios.size(), 8U) << "4 attention paths, 2 batch sizes";
  EXPECT_EQ(scenarios[0]["benchmark"], "quick");
  EXPECT_EQ(scenarios[1]["config"]["batch_size"], 2);
  EXPECT_FALSE(fs::exists("benchmark_results")) << "listing writes nothing";
}

TEST_F(Program, MeasuresAndPrintsATable) {
  const auto result = test::run_process(quick({"--level", "0", "--num-tokens-to-generate", "10"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(
      result.out,
      AllOf(
          StartsWith("quick: quick-model (synthetic weights), bfloat16, 1 thread, batch 1, 8 + 10 tokens\n"),
          ContainsRegex("\neager_sdpa_flash_attention[ \n]+success  "), EndsWith(".json\n")));
  EXPECT_THAT(result.err, HasSubstr("info: [1/1] quick eager_sdpa_flash_attention: success, latency "));
  const auto document = only_document();
  ASSERT_EQ(document.benchmark_scenarios.size(), 1U);
  const auto& latency = *document.benchmark_scenarios[0].measurement("latency");
  EXPECT_EQ(latency.measurements.size(), 5U);
  EXPECT_GE(latency.min, 10 * 0.0002) << "ten tokens that take 0.2 ms each";
}

TEST_F(Program, EveryFormatHasOnlyResultsOnStdout) {
  const std::vector<std::string> small{
      "--level", "0", "--num-tokens-to-generate", "2", "--measurement-iterations", "1", "--format"};
  const auto formatted = [&](const std::string& format) {
    auto arguments = small;
    arguments.push_back(format);
    const auto result = test::run_process(quick(arguments));
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  };
  EXPECT_EQ(parse_json(formatted("json"), "output")[0]["benchmark_scenarios"][0]["status"], "success");
  EXPECT_EQ(parse_json(formatted("jsonl"), "output")["benchmark"], "quick");
  EXPECT_THAT(formatted("csv"), StartsWith("benchmark,scenario,"));
  EXPECT_THAT(formatted("md"), AllOf(StartsWith("### quick: "), HasSubstr("\n| --- | --- | ---: |")));
}

TEST_F(Program, AFailedScenarioIsAResultAndTheOthersGoOn) {
  const auto result = test::run_process(quick({"--level", "2", "--num-tokens-to-generate", "2",
                                               "--measurement-iterations", "1", "--log-level", "ERROR"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, HasSubstr("failed   the math backend is broken on purpose"));
  EXPECT_THAT(result.err, AllOf(StartsWith("error: ["), EndsWith("the math backend is broken on purpose\n")));
  int succeeded = 0;
  for (const auto& scenario : only_document().benchmark_scenarios) {
    if (scenario.status == ScenarioStatus::success) ++succeeded;
  }
  EXPECT_EQ(succeeded, 3);
}

TEST_F(Program, CtrlCKeepsWhatWasMeasured) {
  using std::chrono::steady_clock;
  // Iterations of 20 ms, for ever.
  Process process(quick({"--level", "0", "--num-tokens-to-generate", "100", "--measurement-iterations",
                         "1000000", "--log-level", "DEBUG"}));
  ASSERT_TRUE(process.wait_for_err("measure 3/1000000"));
  const auto begin = steady_clock::now();
  process.send(SIGINT);
  const auto result = process.wait();
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(result.status, 130);
  const auto document = only_document();
  ASSERT_EQ(document.benchmark_scenarios.size(), 1U);
  EXPECT_GE(document.benchmark_scenarios[0].iterations.size(), 3U);
}

TEST_F(Program, AReaderThatGoesAwayIsNoError) {
  std::string command = "set -o pipefail; ";
  for (const auto& argument : quick({"--level", "0", "--num-tokens-to-generate", "50", "--format", "json"})) {
    command += "'" + argument + "' ";
  }
  const auto result = test::run_process({"bash", "-c", command + "| head -c 10"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out.size(), 10U);
  EXPECT_EQ(only_document().benchmark_scenarios.size(), 1U);
}

TEST_F(Program, AFullStdoutIsOneLine) {
  const auto result = test::run_process({"bash", "-c", test::program() + " list >/dev/full"});
  expect_one_line(result, 1, "cannot write the results to standard output: No space left on device");
}

TEST_F(Program, AnOutputFolderThatCannotBeWrittenIsFoundFirst) {
  const auto file = folder_.write("file", "not a folder");
  auto command = quick({});
  std::ranges::replace(command, results().string(), (file / "results").string());
  const auto result = test::run_process(command);
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("run_benchmarks: --output-dir '" + (file / "results").string() + "'"),
                    HasSubstr("Not a directory")));
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
}

TEST_F(Program, AFullDiskLosesNoResultOnStdout) {
  // No file may grow beyond 512 bytes: the system's answer is that of a full disk under another name.
  std::string command = "ulimit -f 1; exec ";
  for (const auto& argument : quick({"--level", "0", "--num-tokens-to-generate", "50"}))
    command += "'" + argument + "' ";
  const auto result = test::run_process({"sh", "-c", command});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("error: cannot write '"));
  EXPECT_THAT(result.out, ContainsRegex("eager_sdpa_flash_attention[ \n]+success"));
  for (const auto& file : files_in(results())) EXPECT_THAT(file.string(), testing::Not(HasSubstr(".tmp")));
}

TEST_F(Program, LogsAlsoGoToAFile) {
  const auto result = test::run_process(quick(
      {"--level", "0", "--num-tokens-to-generate", "2", "--enable-file-logging", "--log-level", "WARNING"}));
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "");
  const auto files = files_in(results());
  EXPECT_TRUE(std::ranges::any_of(files, [](const fs::path& file) { return file.extension() == ".log"; }));
  const auto file = folder_.write("file", "not a folder");
  const auto unwritable = run_program({"--output-dir", (file / "x").string(), "--enable-file-logging"});
  EXPECT_EQ(unwritable.status, 2);
  EXPECT_THAT(unwritable.err, StartsWith("run_benchmarks: --enable-file-logging: cannot write the log file"));
}

TEST_F(Program, ABrokenModuleThatWasAskedForEndsTheRun) {
  const auto result = run_program({"list", "--benches-dir", test::module_dir("throwing")});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, EndsWith("throwing.so' failed: no such device\n"));
}

TEST_F(Program, StartsQuickly) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_program({"list"}).status, 0);
  // A tenth of a second on an idle machine; tests share theirs, and sanitizers are slow.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace bv2
