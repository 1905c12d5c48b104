// The command line: its text to what is to be done.
#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error_text.h"

namespace bv2::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

CommandLine parse(const Arguments& arguments) { return parse_command_line(arguments); }

std::string error_of(const Arguments& arguments) {
  return test::error_text<UsageError>([&] { parse(arguments); });
}

TEST(CommandLine, RunsByDefaultWithTheDefaults) {
  const CommandLine line = parse({});
  EXPECT_EQ(line.command, Command::run);
  EXPECT_EQ(line.run.output_dir, "benchmark_results");
  EXPECT_EQ(line.run.dtype, "bfloat16");
  EXPECT_EQ(line.run.warmup_iterations, 3);
  EXPECT_EQ(line.run.measurement_iterations, 5);
  EXPECT_THAT(line.run.num_tokens_to_generate, ElementsAre(100));
  EXPECT_EQ(line.format, OutputFormat::table);
  EXPECT_FALSE(line.answer);
}

TEST(CommandLine, TakesTheCommandFirst) {
  EXPECT_EQ(parse({"run", "--level", "0"}).command, Command::run);
  EXPECT_EQ(parse({"list"}).command, Command::list);
  EXPECT_EQ(error_of({"lst"}),
            "the command 'lst' is not known, did you mean 'list'? (known: run, list, verify, tokenize, "
            "machine, cache, upload, compare, report, export, calibrate)");
  EXPECT_EQ(error_of({"--level", "1", "list"}), "the command 'list' must be the first argument");
}

TEST(CommandLine, ListsTakeSeveralValuesAndMayBeRepeated) {
  const CommandLine line =
      parse({"--include", "a", "b", "--num-tokens-to-generate", "10", "20,30", "--include=c", "--prompt-ids",
             "1,2,3", "--benches-dir", "x", "--benches-dir", "y"});
  EXPECT_THAT(line.run.include, ElementsAre("a", "b", "c"));
  EXPECT_THAT(line.run.num_tokens_to_generate, ElementsAre(10, 20, 30));
  EXPECT_THAT(line.run.prompt_ids, ElementsAre(1, 2, 3));
  EXPECT_THAT(line.benches_dirs, ElementsAre("x", "y"));
}

TEST(CommandLine, TextIsTakenAsItIs) {
  EXPECT_EQ(parse({"--prompt", "[a, b] {c} \"d\"\n--e"}).run.prompt, "[a, b] {c} \"d\"\n--e");
  EXPECT_EQ(parse({"--prompt=--level"}).run.prompt, "--level") << "joined by '=' it is meant";
}

TEST(CommandLine, EachOptionReachesItsField) {
  const CommandLine line = parse({"--output-dir",
                                  "o",
                                  "--exclude",
                                  "e",
                                  "--model-id",
                                  "m",
                                  "--warmup-iterations",
                                  "0",
                                  "--measurement-iterations",
                                  "9",
                                  "--batch-size",
                                  "2",
                                  "4",
                                  "--sequence-length",
                                  "64",
                                  "--dtype",
                                  "float16",
                                  "--device",
                                  "cpu",
                                  "--variant",
                                  "eager",
                                  "compiled",
                                  "--attn-implementation",
                                  "sdpa",
                                  "--sdpa-backend",
                                  "math",
                                  "--compile-mode",
                                  "max-autotune",
                                  "--level",
                                  "3",
                                  "--config-file",
                                  "c.json",
                                  "--threads",
                                  "2",
                                  "--commit-id",
                                  "i",
                                  "--branch-name",
                                  "b",
                                  "--commit-message",
                                  "t",
                                  "--log-level",
                                  "debug",
                                  "--enable-file-logging",
                                  "--format",
                                  "JSONL",
                                  "--prompt-file",
                                  "p"});
  const RunOptions& run = line.run;
  EXPECT_EQ(run.output_dir, "o");
  EXPECT_THAT(run.exclude, ElementsAre("e"));
  EXPECT_EQ(run.model_id, "m");
  EXPECT_EQ(run.warmup_iterations, 0);
  EXPECT_EQ(run.measurement_iterations, 9);
  EXPECT_THAT(run.batch_sizes, ElementsAre(2, 4));
  EXPECT_THAT(run.sequence_lengths, ElementsAre(64));
  EXPECT_EQ(run.dtype, "float16");
  EXPECT_THAT(run.variants, ElementsAre("eager", "compiled"));
  EXPECT_THAT(run.attn_implementations, ElementsAre("sdpa"));
  EXPECT_THAT(run.sdpa_backends, ElementsAre("math"));
  EXPECT_THAT(run.compile_modes, ElementsAre("max-autotune"));
  EXPECT_EQ(run.level, 3);
  EXPECT_EQ(run.config_file, "c.json");
  EXPECT_EQ(run.threads, 2);
  EXPECT_EQ(run.commit_id, "i");
  EXPECT_EQ(run.branch_name, "b");
  EXPECT_EQ(run.commit_message, "t");
  EXPECT_EQ(run.prompt_file, "p");
  EXPECT_EQ(line.log_level, LogLevel::debug);
  EXPECT_TRUE(line.enable_file_logging);
  EXPECT_EQ(line.format, OutputFormat::jsonl);
}

struct Wrong {
  Arguments arguments;
  std::string message;
};

TEST(CommandLine, SaysWhatIsWrongInOneLine) {
  const std::vector<Wrong> cases{
      {{"--includ", "a"}, "the option '--includ' is not known, did you mean '--include'?"},
      {{"--colour"}, "the option '--colour' is not known; see run_benchmarks run --help"},
      {{"-1"}, "the option '-1' is not known; see run_benchmarks run --help"},
      {{"--level", "5"}, "--level: '5' does not fit; give a whole number from 0 to 4"},
      {{"--level", "-1"}, "--level: '-1' does not fit; give a whole number from 0 to 4"},
      {{"--level"}, "--level: its value (N) is missing"},
      {{"--level="}, "--level: its value (N) is missing"},
      {{"--level", "--threads", "2"}, "--level: its value (N) is missing before --threads"},
      {{"--include", "--level", "1"}, "--include: its value (NAME...) is missing before --level"},
      {{"--level", "1", "--level", "2"}, "--level: it is given 2 times, once is enough (N)"},
      {{"--level", "1", "2"}, "'2' belongs to no option; see run_benchmarks run --help"},
      {{"--num-tokens-to-generate", "10", "0"},
       "--num-tokens-to-generate: '0' does not fit; give a whole number from 1 to 100000000"},
      {{"--batch-size", "-2"}, "--batch-size: '-2' does not fit; give a whole number from 1 to 100000000"},
      {{"--device", "cuda"}, "--device: 'cuda' is not known (known: cpu)"},
      {{"--prompt", ""}, "--prompt: the value is empty"},
      {{"list", "--output-dir", "x"},
       "--output-dir is an option of 'run', not of 'list'; see run_benchmarks list --help"},
      {{"verify", "--reference", "r"},
       "verify needs --model-id ID, a checkpoint folder or a model on the Hub"},
      {{"--upload-to-hub", ""}, "--upload-to-hub: the value is empty"},
      {{"--token="}, "--token: its value (TOKEN) is missing"},
      {{"--revision", "v1"}, "--revision: it needs --model-id ORG/NAME, a model on the Hub"},
      {{"--revision", "v1", "--model-id", "./m"},
       "--revision: --model-id './m' is a folder, which has no revisions"},
      {{"--revision", "v1", "--model-id", "o/n@v2"},
       "--revision 'v1': --model-id 'o/n@v2' names one already"},
      {{"--revision", "a..b", "--model-id", "o/n"},
       "'a..b' is not a revision: give a branch, a tag or a commit"},
      {{"upload", "results"}, "upload needs DIR DATASET; see run_benchmarks upload --help"},
      {{"upload", "results", "o/n", "x"}, "'x' belongs to no option; see run_benchmarks upload --help"},
      {{"upload", "results", "o/n", "--offline"},
       "--offline is an option of 'run', not of 'upload'; see run_benchmarks upload --help"},
      {{"verify", "--model-id", "m"}, "verify needs --reference FILE, a safetensors file"},
  };
  for (const auto& wrong : cases) EXPECT_EQ(error_of(wrong.arguments), wrong.message);
}

TEST(CommandLine, Monitors) {
  EXPECT_FALSE(parse({}).run.monitors);
  EXPECT_TRUE(parse({}).run.gpu_monitoring);
  EXPECT_EQ(chosen_monitors(parse({}).run), all_monitor_names());
  EXPECT_THAT(parse({"--monitors", "energy", "memory,GPU"}).run.monitors.value(),
              ElementsAre("energy", "memory", "gpu"));
  EXPECT_TRUE(parse({"--monitors", "none"}).run.monitors.value().empty());
  const auto without_gpu = chosen_monitors(parse({"--no-gpu-monitoring"}).run);
  EXPECT_FALSE(contains(without_gpu, "gpu"));
  EXPECT_EQ(without_gpu.size(), all_monitor_names().size() - 1);
  EXPECT_THAT(error_of({"--monitors", "enrgy"}),
              HasSubstr("--monitors: 'enrgy' is not known, did you mean 'energy'?"));
  EXPECT_EQ(error_of({"--monitors", "none", "gpu"}), "--monitors: 'none' stands alone");
  EXPECT_EQ(error_of({"--no-gpu-monitoring", "--monitors", "gpu"}),
            "--no-gpu-monitoring: --monitors asks for the monitor 'gpu'; leave one of both out");
  for (const std::string& name : all_monitor_names()) EXPECT_THAT(*parse({"--help"}).answer, HasSubstr(name));
}

TEST(CommandLine, TheHub) {
  const CommandLine run = parse({"--model-id", "org/name", "--revision", "refs/pr/1", "--offline",
                                 "--upload-to-hub", "org/results", "--run-id", "7", "--token", "t"});
  EXPECT_EQ(run.run.model_id, "org/name@refs/pr/1");
  EXPECT_TRUE(run.hub.offline);
  EXPECT_EQ(run.hub.dataset, "org/results");
  EXPECT_EQ(run.hub.run_id, "7");
  EXPECT_EQ(run.hub.token, "t");
  const CommandLine upload = parse({"upload", "results", "--run-id=7", "org/results"});
  EXPECT_EQ(upload.command, Command::upload);
  EXPECT_THAT(upload.operands, ElementsAre("results", "org/results"));
  EXPECT_EQ(upload.hub.run_id, "7");
}

TEST(CommandLine, VerifyChecksInFloat32UnlessToldOtherwise) {
  EXPECT_EQ(parse({"verify", "--model-id", "m", "--reference", "r"}).run.dtype, "float32");
  const CommandLine line = parse({"verify", "--model-id", "m", "--reference", "r", "--dtype", "bfloat16"});
  EXPECT_EQ(line.run.dtype, "bfloat16");
  EXPECT_EQ(line.reference, "r");
}

TEST(CommandLine, HelpNamesEveryOptionAndFitsATerminal) {
  for (const Arguments& arguments :
       {Arguments{"--help"}, {"list", "-h"}, {"verify", "--help"}, {"upload", "--help"}}) {
    const auto help = parse(arguments).answer;
    ASSERT_TRUE(help);
    EXPECT_THAT(*help, HasSubstr("--log-level"));
    std::size_t begin = 0;
    for (auto end = help->find('\n'); end != std::string::npos; end = help->find('\n', begin)) {
      EXPECT_LE(end - begin, 110U) << help->substr(begin, end - begin);
      begin = end + 1;
    }
  }
  EXPECT_THAT(*parse({"--version"}).answer, HasSubstr("benchmark_v2 "));
}

}  // namespace
}  // namespace bv2::app
