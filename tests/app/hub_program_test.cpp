// The program with a Hub: models from it, results to it, and a token that nobody sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <memory>
#include <sstream>
#include <thread>

#include "base/digest.h"
#include "base/file.h"
#include "framework/result.h"
#include "support/built.h"
#include "support/data.h"
#include "support/hub_fixture.h"
#include "support/process.h"
#include "support/small_disk.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using test::HubFault;
using test::ProcessResult;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Arguments = std::vector<std::string>;

constexpr const char* token = "hf_tokenOfTheTestsThatMustNotShow";

class HubProgram : public test::HubTest {
 protected:
  HubProgram() {
    server.add_token(token, {"org"});
    commit = server.add_repository(
        "models", "org/Tiny-Model",
        {{"config.json", R"({"model_type": "quick"})"}, {"model.safetensors", test::random_bytes(200'000)}});
  }

  /// The variables of the fixture, and none of the machine's own that mean something here.
  [[nodiscard]] std::vector<std::string> environment() const {
    std::vector<std::string> lines;
    for (const char* name : {"HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE",
                             "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "GITHUB_RUN_NUMBER", "GITHUB_RUN_ID",
                             "GITHUB_EVENT_NAME", "http_proxy", "all_proxy", "ALL_PROXY"}) {
      if (!variables.contains(name)) lines.push_back(std::string(name) + "=");
    }
    for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
    return lines;
  }
  [[nodiscard]] std::unique_ptr<test::Process> start(const Arguments& arguments) const {
    Arguments command{test::program()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return std::make_unique<test::Process>(command, folder.path(), environment());
  }
  [[nodiscard]] ProcessResult run(const Arguments& arguments) const { return start(arguments)->wait(); }
  /// A command on the quick module, which takes the model.
  [[nodiscard]] static Arguments quick(Arguments arguments, const std::string& command = "run") {
    arguments.insert(arguments.begin(),
                     {command, "--benches-dir", test::module_dir("quick"), "--include", "quick"});
    if (command == "run") {
      arguments.insert(arguments.end(), {"--output-dir", "results", "--level", "0",
                                         "--num-tokens-to-generate", "2", "--measurement-iterations", "2"});
    }
    return arguments;
  }
  [[nodiscard]] fs::path results() const { return folder.path() / "results"; }
  [[nodiscard]] std::vector<fs::path> files_in(const fs::path& dir) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }
  test::HubFiles dataset_files(const std::string& dataset = "org/results") {
    test::HubFiles files;
    server.with_store([&](test::HubStore& store) {
      if (const auto* repository = store.find("datasets", dataset)) files = repository->commits.back().files;
    });
    return files;
  }

  std::string commit;
};

TEST_F(HubProgram, MeasuresAModelOfTheHubAndSaysOfWhichCommitItIs) {
  const auto result = run(quick({"--model-id", "org/Tiny-Model"}));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto documents = files_in(results() / "Tiny-Model");
  ASSERT_EQ(documents.size(), 1U);
  const auto document = read_benchmark_document(documents[0]);
  EXPECT_EQ(document.model_name, "Tiny-Model");
  const auto& metadata = document.benchmark_scenarios.at(0).metadata;
  EXPECT_EQ(metadata.model_id, "org/Tiny-Model");
  EXPECT_EQ(metadata.config.model_id, "org/Tiny-Model");
  EXPECT_EQ(metadata.model_revision, commit);
  EXPECT_TRUE(fs::exists(cache() / "models--org--Tiny-Model" / "snapshots" / commit / "model.safetensors"));

  server.forget_requests();
  EXPECT_EQ(run(quick({"--model-id", "org/Tiny-Model", "--offline"})).status, 0);
  variables["HF_HUB_OFFLINE"] = "1";
  EXPECT_EQ(run(quick({"--model-id", "org/Tiny-Model"})).status, 0);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HubProgram, ARevisionEitherWay) {
  server.add_repository("models", "org/Tiny-Model", {{"generation_config.json", "{}"}});
  server.with_store(
      [&](test::HubStore& store) { store.find("models", "org/Tiny-Model")->refs["v1"] = commit; });
  for (const Arguments& model :
       {Arguments{"--model-id", "org/Tiny-Model@v1"}, {"--model-id", "org/Tiny-Model", "--revision", "v1"}}) {
    fs::remove_all(results());
    const auto result = run(quick(model));
    ASSERT_EQ(result.status, 0) << result.err;
    const auto metadata =
        read_benchmark_document(files_in(results() / "Tiny-Model").at(0)).benchmark_scenarios.at(0).metadata;
    EXPECT_EQ(metadata.model_id, "org/Tiny-Model@v1");
    EXPECT_EQ(metadata.model_revision, commit);
  }
}

TEST_F(HubProgram, ListingDownloadsNoWeights) {
  const auto result = run(quick({"--model-id", "org/Tiny-Model"}, "list"));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("[org/Tiny-Model]"));
  EXPECT_TRUE(server.requests("GET", "/files/").empty());
}

TEST_F(HubProgram, AnUnsupportedModelIsRefusedBeforeItsWeightsCome) {
  server.add_repository("models", "org/other",
                        {{"config.json", R"({"model_type": "mamba"})"}, {"model.safetensors", "x"}});
  const auto result = run(quick({"--model-id", "org/other"}));
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, StartsWith("run_benchmarks: --model-id 'org/other' has the model_type 'mamba'"));
  EXPECT_TRUE(server.requests("GET", "/files/").empty());
}

TEST_F(HubProgram, TheEnginesBenchmarkTakesACheckpointOfTheHub) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(test::data_dir() / "models" / "llama")) {
    if (entry.is_regular_file()) files[entry.path().filename().string()] = read_file(entry.path());
  }
  ASSERT_TRUE(files.contains("model.safetensors"));
  server.add_repository("models", "org/llama", files);
  const auto result =
      run({"verify", "--model-id", "org/llama", "--reference",
           (test::data_dir() / "models" / "llama" / "expected.safetensors").string(), "--variant", "eager"});
  EXPECT_EQ(result.status, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("passed"));
}

TEST_F(HubProgram, RefusalsAreOneLine) {
  const auto refusal = [&](const Arguments& model) {
    const auto result = run(quick(model));
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    return fmt::format("{} {}", result.status, result.err);
  };
  EXPECT_THAT(refusal({"--model-id", "org/none"}),
              StartsWith("1 run_benchmarks: the model 'org/none' does not exist, or is private"));
  EXPECT_THAT(refusal({"--model-id", "mistyped"}),
              StartsWith("1 run_benchmarks: there is no folder 'mistyped' here, and on the Hub: the model "));
  EXPECT_THAT(
      refusal({"--model-id", "a/b/c"}),
      StartsWith(
          "2 run_benchmarks: there is no folder 'a/b/c' here, and on the Hub: 'a/b/c' is not the name"));
  EXPECT_EQ(refusal({"--model-id", "./none"}), "2 run_benchmarks: --model-id './none' is not a folder\n");
  EXPECT_THAT(refusal({"--model-id", "org/Tiny-Model", "--offline"}),
              StartsWith("1 run_benchmarks: the model 'org/Tiny-Model' is not in the cache"));
  EXPECT_THAT(refusal({"--model-id", "org/Tiny-Model", "--revision", "v9"}),
              HasSubstr("has no revision 'v9'"));
  EXPECT_FALSE(fs::exists(results() / "Tiny-Model"));
}

TEST_F(HubProgram, ATokenThatWasTypedInTheWrongPlaceIsNotShown) {
  for (const Arguments& arguments :
       {Arguments{token}, {"--level", token}, {"--tokn", token}, {"--level", "1", token}}) {
    const auto result = run(arguments);
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, Not(HasSubstr(token)));
  }
}

TEST_F(HubProgram, FourProcessesDownloadOneModelOnce) {
  server.add_fault({.kind = HubFault::Kind::trickle, .path_part = "/files/", .bytes = 8'000});
  std::vector<std::unique_ptr<test::Process>> processes;
  for (int i = 0; i < 4; ++i) {
    auto arguments = quick({"--model-id", "org/Tiny-Model"});
    arguments.insert(arguments.end(), {"--log-level", "DEBUG"});
    processes.push_back(start(arguments));
  }
  int waited = 0;
  for (auto& process : processes) {
    const auto result = process->wait();
    EXPECT_EQ(result.status, 0) << result.err;
    if (result.err.find("model.safetensors: waiting for another process that downloads it") !=
        std::string::npos) {
      ++waited;
    }
  }
  EXPECT_GT(waited, 0);
  EXPECT_EQ(server.requests("GET", "/files/").size(), 1U);
  EXPECT_EQ(files_in(results() / "Tiny-Model").size(), 4U);
  const fs::path blobs = cache() / "models--org--Tiny-Model" / "blobs";
  for (const auto& blob : files_in(blobs)) {
    const std::string content = read_file(blob);
    const std::string name = blob.filename().string();
    const auto kind = name.size() == 64 ? DigestKind::sha256 : DigestKind::git_blob;
    EXPECT_EQ(name, digest_of(kind, content));
  }
}

TEST_F(HubProgram, CtrlCDuringTheDownloadKeepsWhatCame) {
  server.add_fault({.kind = HubFault::Kind::trickle, .path_part = "/files/", .bytes = 2'000});
  const auto process = start(quick({"--model-id", "org/Tiny-Model"}));
  const auto weights = [&]() -> std::uintmax_t {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(cache() / "models--org--Tiny-Model" / "blobs", error)) {
      if (entry.path().extension() == ".incomplete") return entry.file_size(error);
    }
    return 0;
  };
  for (int i = 0; i < 1000 && weights() < 2'000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  process->send(SIGINT);
  const auto result = process->wait();
  EXPECT_EQ(result.status, 130);
  EXPECT_EQ(result.err, "run_benchmarks: interrupted\n");
  EXPECT_GE(weights(), 2'000U);
  server.forget_requests();
  EXPECT_EQ(run(quick({"--model-id", "org/Tiny-Model"})).status, 0);
  EXPECT_TRUE(server.requests("GET", "/files/").at(0).headers.contains("range"));
}

TEST_F(HubProgram, OnATerminalABarShowsRateAndTimeLeft) {
  server.add_fault({.kind = HubFault::Kind::trickle, .path_part = "/files/", .bytes = 20'000});
  std::string line = test::program();
  for (const auto& argument : quick({"--model-id", "org/Tiny-Model"})) line += " '" + argument + "'";
  auto variables_and_terminal = environment();
  variables_and_terminal.emplace_back("TERM=xterm");
  test::Process process({"script", "-qec", line, "/dev/null"}, folder.path(), variables_and_terminal);
  const auto result = process.wait();
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_THAT(result.out, testing::ContainsRegex("\\[#+\\.+\\] [0-9]+%, [0-9.]+ of "
                                                 "200\\.[0-9] kB, [0-9.]+ kB/s, [0-9]+ s left  downlo"));
}

TEST_F(HubProgram, AFullDiskIsOneLineAndTheDownloadGoesOnLater) {
  const test::SmallDisk disk(folder.path() / "disk", 100'000);
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a file system";
  variables["HF_HUB_CACHE"] = disk.path();
  const auto result = run(quick({"--model-id", "org/Tiny-Model"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, StartsWith("run_benchmarks: no space in '" + disk.path().string()));
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
}

TEST_F(HubProgram, AFileThatMayNotGrowIsOneLineToo) {
  const std::string limited = "ulimit -f 100; exec \"$@\"";  // blocks of 1024 bytes
  Arguments command{"bash", "-c", limited, "bash", test::program()};
  const auto arguments = quick({"--model-id", "org/Tiny-Model"});
  command.insert(command.end(), arguments.begin(), arguments.end());
  test::Process process(command, folder.path(), environment());
  const auto result = process.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err,
              AllOf(StartsWith("run_benchmarks: no space in '"), HasSubstr("102.4 kB of it there")));
  server.forget_requests();
  EXPECT_EQ(run(quick({"--model-id", "org/Tiny-Model"})).status, 0);
  EXPECT_EQ(server.requests("GET", "/files/").at(0).headers.at("range"), "bytes=102400-");
}

TEST_F(HubProgram, UploadsWhatItMeasured) {
  variables["HF_TOKEN"] = token;
  const auto result = run(quick({"--upload-to-hub", "org/results", "--run-id", "7"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("quick: ")) << "results as ever";
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("info: made the dataset 'org/results'\n"),
                    HasSubstr("as run '7' to " + server.endpoint() + "/datasets/org/results/tree/main/")));
  const auto files = dataset_files();
  EXPECT_EQ(files.size(), 5U);
  for (const auto& file : files_in(results())) {
    if (file.filename() == "journal.jsonl") continue;  // what a resumed run needs, no document
    const std::string name = "/runs/7/benchmark_results/" + file.lexically_relative(results()).string();
    const auto found =
        std::ranges::find_if(files, [&](const auto& entry) { return entry.first.ends_with(name); });
    ASSERT_NE(found, files.end()) << name;
    EXPECT_EQ(found->second.content, read_file(file));
  }
}

TEST_F(HubProgram, AnUploadThatCannotWorkIsRefusedBeforeMeasuring) {
  const auto result = run(quick({"--upload-to-hub", "org/results"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err,
              StartsWith("run_benchmarks: uploading needs a token: make one with write access at "));
  EXPECT_EQ(run(quick({"--upload-to-hub", "org/results", "--token", "tok-unknown"})).status, 1);
  const auto offline = run(quick({"--upload-to-hub", "org/results", "--token", token, "--offline"}));
  EXPECT_EQ(offline.status, 2);
  EXPECT_EQ(offline.err, "run_benchmarks: nothing can be uploaded with --offline or HF_HUB_OFFLINE\n");
  EXPECT_FALSE(fs::exists(results()));
}

TEST_F(HubProgram, AFailedUploadKeepsTheResultsAndSaysHowToDoItLater) {
  variables["HF_TOKEN"] = token;
  server.add_fault(
      {.path_part = "/preupload/", .times = 100, .status = 400, .body = R"({"error": "not today"})"});
  const auto failed = run(quick({"--upload-to-hub", "org/results", "--run-id", "7"}));
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.out, StartsWith("quick: "));
  EXPECT_THAT(failed.err,
              HasSubstr("(the Hub says: not today); the results stay in 'results', and this uploads them "
                        "later: run_benchmarks upload results/benchmark_summary_"));
  const std::string marker = "later: run_benchmarks ";
  std::istringstream pasted(failed.err.substr(failed.err.find(marker) + marker.size()));
  const Arguments again{std::istream_iterator<std::string>(pasted), {}};
  EXPECT_EQ(run(again).status, 1) << "while the Hub refuses";
  server.clear_faults();
  const auto uploaded = run(again);
  EXPECT_EQ(uploaded.status, 0) << uploaded.err;
  EXPECT_THAT(uploaded.out, StartsWith(server.endpoint() + "/datasets/org/results/tree/main/"));
  EXPECT_EQ(dataset_files().size(), 5U);
}

TEST_F(HubProgram, UploadsAFolderLater) {
  ASSERT_EQ(run(quick({})).status, 0);
  const auto result = run({"upload", "results", "results", "--token", token});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(dataset_files("org/results").size(), 5U) << "of the account's own";
  const auto again = run({"upload", "results", "results", "--token", token});
  EXPECT_THAT(again.err, HasSubstr("warning: the dataset 'org/results' has a run 'benchmark_results_"));
  const auto nothing = run({"upload", "elsewhere", "results", "--token", token});
  EXPECT_EQ(nothing.status, 1);
  EXPECT_THAT(nothing.err, StartsWith("run_benchmarks: 'elsewhere' is no folder of results"));
}

/// Everything that the program says and leaves is searched, also when it says as much as it can.
TEST_F(HubProgram, TheTokenIsNowhere) {
  std::string said;
  const auto say = [&](Arguments arguments) {
    arguments.insert(arguments.end(), {"--log-level", "DEBUG"});
    if (arguments[0] == "run") arguments.emplace_back("--enable-file-logging");
    const auto result = run(arguments);
    said += result.out + result.err;
    return result.status;
  };
  // The Hub gives it back in all the places that it has.
  server.add_fault({.path_part = "/tree/",
                    .status = 400,
                    .headers = {{"X-Error-Message", std::string("bad token ") + token}},
                    .body = std::string("{\"error\": \"bad ") + token + "\"}"});
  EXPECT_EQ(say(quick({"--model-id", "org/Tiny-Model", "--token", token})), 1);
  server.add_fault({.path_part = "/files/", .times = 3, .status = 503});
  EXPECT_EQ(say(quick({"--model-id", "org/Tiny-Model", "--token", token, "--upload-to-hub", "results"})), 0);
  variables["HF_TOKEN"] = token;
  EXPECT_EQ(say(quick({"--model-id", "org/Tiny-Model", "--upload-to-hub", "org/results"})), 0);
  EXPECT_EQ(say({"upload", "results", "org/results"}), 0);
  variables.erase("HF_TOKEN");
  fs::create_directories(folder.path() / "home");
  write_file_atomically(folder.path() / "home" / "token", std::string(token) + "\n");
  EXPECT_EQ(say({"upload", "results", "org/results"}), 0);
  EXPECT_EQ(say({"upload", "results", "someone/results"}), 1);

  EXPECT_THAT(said, AllOf(HasSubstr("/tree/"), HasSubstr("debug: GET "), HasSubstr("uploaded ")));
  EXPECT_EQ(said.find(token), std::string::npos);
  EXPECT_EQ(said.find("Signature"), std::string::npos) << "nor what the storage's addresses are signed with";
  for (const auto& file : files_in(folder.path())) {
    if (file.filename() == "token") continue;
    EXPECT_EQ(read_file(file).find(token), std::string::npos) << file;
  }
  for (const auto& [name, file] : dataset_files())
    EXPECT_EQ(file.content.find(token), std::string::npos) << name;
  std::size_t with_token = 0;
  for (const auto& request : server.requests()) {
    if (request.server == "storage") {
      for (const auto& [name, value] : request.headers)
        EXPECT_EQ(value.find(token), std::string::npos) << name;
    } else {
      with_token += request.headers.contains("authorization") ? 1 : 0;
    }
    EXPECT_EQ(request.path.find(token), std::string::npos);
    EXPECT_EQ(request.body.find(token), std::string::npos);
  }
  EXPECT_GT(with_token, 10U) << "while the Hub did get it";
}

}  // namespace
}  // namespace bv2
