// Results into a dataset: what goes where, and what happens when it does not work.
#include "framework/hub/upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "framework/hub/result_rows.h"
#include "support/error_text.h"
#include "support/hub_fixture.h"
#include "support/run_fixture.h"

namespace bv2::hub {
namespace {

namespace fs = std::filesystem;
using test::error_text;
using test::HubFault;
using test::HubServerOptions;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = HubFault::Kind;

constexpr const char* token = "hf_tokenOfTheTestsThatMustNotShow";

/// The output folder of a real run of two benchmarks, one of which fails, and a Hub to take it to.
class UploadTest : public test::HubTest {
 protected:
  explicit UploadTest(const HubServerOptions& server_options = {}) : HubTest(server_options) {
    server.add_token(token, {"org"});
    variables["HF_TOKEN"] = token;
    measure();
  }

  void measure() {
    std::vector<std::unique_ptr<ModelBenchmark>> benchmarks;
    benchmarks.push_back(std::make_unique<test::FakeBenchmark>());
    benchmarks.push_back(std::make_unique<test::FakeBenchmark>(
        test::FakeBehaviour{.fault = test::Fault::open_throws}, "broken"));
    RunOptions run_options;
    run_options.output_dir = results();
    run_options.level = 0;
    run_options.isolation = Isolation::none;
    run_options.measurement_iterations = 3;
    run_options.num_tokens_to_generate = {4};
    test::RecordingObserver observer;
    const InterruptFlag interrupt;
    RunSurroundings surroundings;
    // 2026-01-15 23:30 UTC
    surroundings.wall_clock = [] { return std::chrono::system_clock::from_time_t(1'768'519'800); };
    outcome = run(benchmarks, run_options, observer, interrupt, surroundings);
    uuid = read_json(outcome.summary)["run_metadata"]["benchmark_run_uuid"];
  }

  [[nodiscard]] fs::path results() const { return folder.path() / "my results"; }
  UploadReport upload(const std::string& dataset = "org/results", std::optional<std::string> id = "7") {
    return upload_results({.output_dir = results(), .dataset = dataset, .run_id = std::move(id)}, options());
  }
  std::string refusal(const std::string& dataset = "org/results") {
    return error_text([&] { upload(dataset); });
  }
  /// Of the newest commit.
  test::HubFiles files_in(const std::string& dataset = "org/results") {
    test::HubFiles files;
    server.with_store([&](test::HubStore& store) {
      if (const auto* repository = store.find("datasets", dataset)) files = repository->commits.back().files;
    });
    return files;
  }
  std::size_t commits_in(const std::string& dataset = "org/results") {
    std::size_t count = 0;
    server.with_store(
        [&](test::HubStore& store) { count = store.find("datasets", dataset)->commits.size(); });
    return count;
  }
  std::vector<std::string> names_in(const std::string& dataset = "org/results") {
    std::vector<std::string> names;
    for (const auto& [name, file] : files_in(dataset)) names.push_back(name);
    return names;
  }

  RunOutcome outcome;
  std::string uuid;
};

TEST_F(UploadTest, EverythingOfARunInOneCommitOfANewDataset) {
  const UploadReport report = upload();
  EXPECT_EQ(report.dataset, "org/results");
  EXPECT_TRUE(report.created);
  EXPECT_EQ(report.run_id, "7");
  EXPECT_EQ(report.folder, "2026-01-15/runs/7");
  EXPECT_EQ(report.url, server.endpoint() + "/datasets/org/results/tree/main/2026-01-15/runs/7");
  EXPECT_THAT(report.notes, ::testing::IsEmpty());
  EXPECT_EQ(commits_in(), 2U) << "the one that made it, and ours";

  const auto files = files_in();
  std::size_t expected = 3;  // .gitattributes, README.md, the rows
  for (const auto& entry : fs::recursive_directory_iterator(results())) {
    // What a resumed run and the next run need stays here: the journal, the references.
    if (!entry.is_regular_file() || entry.path().extension() == ".safetensors" ||
        entry.path().filename() == "journal.jsonl")
      continue;
    ++expected;
    const auto name =
        "2026-01-15/runs/7/benchmark_results/" + entry.path().lexically_relative(results()).string();
    ASSERT_TRUE(files.contains(name)) << name;
    EXPECT_EQ(files.at(name).content, read_file(entry.path()));
  }
  EXPECT_EQ(files.size(), expected);
  EXPECT_EQ(report.files.size() + 1, expected);

  server.with_store([&](test::HubStore& store) {
    const auto& commit = store.find("datasets", "org/results")->commits.back();
    EXPECT_EQ(commit.title, "Add benchmark run 7");
    EXPECT_THAT(commit.message, HasSubstr(uuid));
    EXPECT_EQ(commit.id, report.commit);
  });
}

TEST_F(UploadTest, ARowAScenarioWithTheSameColumnsInEach) {
  upload();
  std::istringstream lines(files_in().at("data/2026-01-15_7.jsonl").content);
  std::vector<Json> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(parse_json(line, "output"));
  ASSERT_EQ(rows.size(), 2U);
  for (const Json& row : rows) {
    EXPECT_EQ(row.size(), result_columns().size());
    for (const auto& [name, value] : row.items())
      EXPECT_FALSE(value.is_structured()) << name << " is not flat";
    EXPECT_EQ(row["run_id"], "7");
    EXPECT_EQ(row["run_uuid"], uuid);
  }
  const auto row_of = [&](const char* benchmark) {
    return *std::ranges::find_if(rows, [&](const Json& row) { return row["benchmark"] == benchmark; });
  };
  const Json good = row_of("fake");
  EXPECT_EQ(good["status"], "success");
  EXPECT_TRUE(good["error"].is_null());
  EXPECT_GT(good["latency_median_seconds"].get<double>(), 0);
  EXPECT_EQ(good["latency_count"], 3);
  EXPECT_GT(good["peak_host_memory_max_bytes"].get<double>(), 0);
  EXPECT_EQ(good["batch_size"], 1);
  const Json bad = row_of("broken");
  EXPECT_EQ(bad["status"], "failed");
  EXPECT_TRUE(bad["error"].is_string());
  EXPECT_TRUE(bad["latency_median_seconds"].is_null());
}

TEST_F(UploadTest, TheCardTellsTheViewerTheColumns) {
  upload();
  const std::string card = files_in().at("README.md").content;
  EXPECT_THAT(card, AllOf(::testing::StartsWith("---\nconfigs:\n"), HasSubstr("path: data/*.jsonl\n"),
                          HasSubstr("  - name: latency_median_seconds\n    dtype: float64\n"),
                          HasSubstr("# org/results")));
}

TEST_F(UploadTest, ACardThatIsThereStays) {
  server.add_repository("datasets", "org/results", {{"README.md", "mine"}});
  EXPECT_FALSE(upload().created);
  EXPECT_EQ(files_in().at("README.md").content, "mine");
}

TEST_F(UploadTest, RunsOfGitHubActions) {
  variables["GITHUB_RUN_NUMBER"] = "41";
  variables["GITHUB_RUN_ID"] = "999";
  EXPECT_EQ(upload("org/results", std::nullopt).folder, "2026-01-15/runs/41-999");
  variables["GITHUB_EVENT_NAME"] = "schedule";
  EXPECT_EQ(upload("org/daily", std::nullopt).folder, "2026-01-15/41-999");
}

TEST_F(UploadTest, WithoutAnIdTheUuidGivesIt) {
  EXPECT_EQ(upload("org/results", std::nullopt).run_id, "benchmark_results_" + uuid.substr(0, 8));
}

TEST_F(UploadTest, NothingIsOverwritten) {
  upload();
  const auto before = files_in();
  measure();
  const UploadReport second = upload();
  EXPECT_EQ(second.run_id, "7-2");
  EXPECT_THAT(second.notes,
              ElementsAre("the dataset 'org/results' has a run '7' of 2026-01-15: this one becomes '7-2'"));
  EXPECT_EQ(upload().run_id, "7-3");
  const auto after = files_in();
  for (const auto& [name, file] : before) EXPECT_EQ(after.at(name).content, file.content) << name;
  EXPECT_TRUE(after.contains("data/2026-01-15_7-3.jsonl"));
}

TEST_F(UploadTest, TheNewestRunUnlessASummaryIsNamed) {
  const RunOutcome first = outcome;
  measure();
  const UploadReport report = upload_results(
      {.output_dir = results(), .dataset = "org/results", .run_id = "old", .summary = first.summary},
      options());
  EXPECT_EQ(std::ranges::count_if(
                report.files,
                [&](const std::string& file) { return file.ends_with(first.summary.filename().string()); }),
            1);
}

TEST_F(UploadTest, AFolderThatMovedSinceTheRun) {
  const fs::path moved = folder.path() / "elsewhere";
  fs::rename(results(), moved);
  struct Stay {
    fs::path before = fs::current_path();
    ~Stay() { fs::current_path(before); }
  } stay;
  fs::current_path(folder.path());
  const UploadReport report =
      upload_results({.output_dir = "elsewhere", .dataset = "org/results", .run_id = "7"}, options());
  EXPECT_EQ(std::ranges::count_if(
                report.files, [](const std::string& file) { return file.find("_benchmark_") != file.npos; }),
            2);
  for (const std::string& file : report.files) EXPECT_THAT(file, Not(HasSubstr("//")));
}

TEST_F(UploadTest, ADocumentOutsideOfTheFolderIsNotUploaded) {
  const fs::path secret = folder.write("secret.json", "{}");
  Json summary = read_json(outcome.summary);
  for (const std::string& name : {secret.string(), std::string("../secret.json")}) {
    summary["benchmark_results"]["fake"] = name;
    write_file_atomically(outcome.summary, summary.dump());
    EXPECT_THAT(refusal(), HasSubstr("which is not in '" + results().string() + "'"));
  }
  fs::create_symlink(secret, results() / "link.json");
  summary["benchmark_results"]["fake"] = (results() / "link.json").string();
  write_file_atomically(outcome.summary, summary.dump());
  EXPECT_THAT(refusal(), HasSubstr("which is not in"));
}

TEST_F(UploadTest, AFolderWithoutARun) {
  fs::remove_all(results());
  EXPECT_THAT(refusal(), HasSubstr("is no folder of results"));
  fs::create_directories(results());
  EXPECT_THAT(refusal(), HasSubstr("has no results to upload: there is no benchmark_summary_*.json in it"));
  write_file_atomically(results() / "benchmark_summary_1.json", "[]");
  EXPECT_THAT(refusal(), HasSubstr("is no summary of a run"));
}

TEST_F(UploadTest, AFailureSaysHowToDoItLaterAndLeavesTheFiles) {
  const std::string document = read_file(outcome.documents.at(0));
  server.add_fault({.path_part = "/commit/", .times = 100, .status = 503});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("is in trouble (status 503) and stayed so over 5 attempts"),
                               EndsWith("; the results stay in '" + results().string() +
                                        "', and this uploads them later: run_benchmarks upload '" +
                                        results().string() + "' org/results --run-id 7"),
                               Not(HasSubstr(token))));
  EXPECT_EQ(read_file(outcome.documents.at(0)), document);
}

TEST_F(UploadTest, TokensThatDoNotDo) {
  variables.erase("HF_TOKEN");
  EXPECT_THAT(refusal(),
              HasSubstr("uploading needs a token: make one with write access at " + server.endpoint() +
                        "/settings/tokens and give it as HF_TOKEN or --token"));
  server.add_token("tok-read", {"org", "read"});
  variables["HF_TOKEN"] = "tok-read";
  EXPECT_THAT(refusal(), HasSubstr("the token from HF_TOKEN may only read: make one with write access"));
  server.add_token("tok-old", {"org", "write", true});
  variables["HF_TOKEN"] = "tok-old";
  EXPECT_THAT(refusal(), HasSubstr("the Hub does not accept the token from HF_TOKEN: it is expired"));
  server.add_token("tok-other", {"someone"});
  variables["HF_TOKEN"] = "tok-other";
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("the token from HF_TOKEN may not write to the dataset 'org/results'"),
                    HasSubstr("with write access to 'org/results'")));
  EXPECT_TRUE(files_in().empty());
}

TEST_F(UploadTest, CheckedBeforeTheRun) {
  EXPECT_EQ(check_upload("results", "7", options()), "org/results") << "the account's own";
  EXPECT_EQ(check_upload("lab/results", std::nullopt, options()), "lab/results");
  EXPECT_THAT(error_text<UsageError>([&] { check_upload("a/b/c", "7", options()); }),
              HasSubstr("'a/b/c' is not the name of a dataset on the Hub"));
  EXPECT_THAT(error_text<UsageError>([&] { check_upload("org/results@v1", "7", options()); }),
              HasSubstr("results go to the main branch"));
  EXPECT_THAT(error_text<UsageError>([&] { check_upload("org/results", "../x", options()); }),
              HasSubstr("--run-id: '../x' cannot name a folder"));
  variables["HF_HUB_OFFLINE"] = "1";
  EXPECT_THAT(error_text<UsageError>([&] { check_upload("org/results", "7", options()); }),
              HasSubstr("nothing can be uploaded with --offline or HF_HUB_OFFLINE"));
}

TEST_F(UploadTest, AnotherCommitInBetweenIsBuiltUpon) {
  server.add_repository("datasets", "org/results", {{"other", "1"}});
  server.add_fault({.path_part = "/commit/", .times = 2, .status = 412});
  EXPECT_EQ(upload().run_id, "7");
  EXPECT_EQ(files_in().at("other").content, "1");
}

TEST_F(UploadTest, ACommitWhoseAnswerWasLostIsNotMadeTwice) {
  server.add_repository("datasets", "org/results", {{"other", "1"}});
  const std::size_t before = commits_in();
  server.add_fault({.kind = Kind::lose_answer, .path_part = "/commit/"});
  const UploadReport report = upload();
  EXPECT_EQ(commits_in(), before + 1);
  server.with_store([&](test::HubStore& store) {
    EXPECT_EQ(store.find("datasets", "org/results")->commits.back().id, report.commit);
  });
}

TEST_F(UploadTest, ADatasetThatWasMadeWhileTheAnswerWasLost) {
  server.add_fault({.kind = Kind::lose_answer, .path_part = "/api/repos/create"});
  EXPECT_EQ(upload().run_id, "7");
}

TEST_F(UploadTest, StatusesThatPassArePassed) {
  server.add_fault({.path_part = "whoami", .status = 429, .headers = {{"Retry-After", "2"}}});
  server.add_fault({.path_part = "/preupload/", .times = 2, .status = 500});
  server.add_fault({.path_part = "/commit/", .status = 503});
  EXPECT_EQ(upload().run_id, "7");
  EXPECT_EQ(waits.at(0), std::chrono::seconds(2));
  EXPECT_EQ(waits.size(), 4U);
}

TEST_F(UploadTest, AResultWithTheTokenInItIsNotUploaded) {
  Json document = read_json(outcome.documents.at(0));
  document["benchmark_scenarios"][0]["metadata"]["commit_message"] = std::string("oops ") + token;
  write_file_atomically(outcome.documents.at(0), document.dump());
  EXPECT_THAT(refusal(), AllOf(HasSubstr("has the token in it: it is not uploaded"), Not(HasSubstr(token))));
  EXPECT_FALSE(files_in().contains("README.md"));
}

TEST_F(UploadTest, AnUnexpectedUnitIsRefused) {
  Json document = read_json(outcome.documents.at(0));
  document["benchmark_scenarios"][0]["measurements"]["latency"]["unit"] = "milliseconds";
  write_file_atomically(outcome.documents.at(0), document.dump());
  EXPECT_THAT(refusal(),
              HasSubstr("/measurements/latency is in \"milliseconds\", where seconds was expected"));
}

TEST_F(UploadTest, AnInterruptEndsIt) {
  HubOptions interrupted = options();
  int asked = 0;
  interrupted.interrupted = [&] { return ++asked > 8; };
  EXPECT_THROW(
      upload_results({.output_dir = results(), .dataset = "org/results", .run_id = "7"}, interrupted),
      Interrupted);
}

TEST(UploadCommandLine, CanBePasted) {
  EXPECT_EQ(upload_command_line({.output_dir = "out", .dataset = "o/n", .run_id = std::nullopt}),
            "run_benchmarks upload out o/n");
  EXPECT_EQ(
      upload_command_line({.output_dir = "o", .dataset = "o/n", .run_id = "7", .summary = "it's/a b.json"}),
      "run_benchmarks upload 'it'\\''s/a b.json' o/n --run-id 7");
}

/// A Hub that wants everything as large files: each in three parts at least, or whole.
struct LargeUploadTest : UploadTest {
  LargeUploadTest() : UploadTest({.large_file_bytes = 1, .multipart_bytes = 1000, .part_bytes = 400}) {}
  void expect_everything() {
    const auto files = files_in();
    const auto name = "2026-01-15/runs/7/benchmark_results/" +
                      outcome.documents.at(0).lexically_relative(results()).string();
    ASSERT_TRUE(files.contains(name));
    EXPECT_EQ(files.at(name).content, read_file(outcome.documents.at(0)));
    EXPECT_TRUE(files.at(name).large);
  }
};

TEST_F(LargeUploadTest, GoesThroughTheStorageAsTheHubDecides) {
  upload();
  expect_everything();
  EXPECT_GT(server.requests("PUT", "/upload/").size(), 5U);
  EXPECT_FALSE(server.requests("POST", "/api/complete_multipart").empty());
  for (const auto& request : server.requests()) {
    if (request.server == "storage") {
      EXPECT_FALSE(request.headers.contains("authorization"));
    }
  }
}

TEST_F(LargeUploadTest, WhatTheStorageHasIsNotSentAgain) {
  upload();
  server.forget_requests();
  upload();
  // Equal but for the rows, which name the run.
  EXPECT_LE(server.requests("POST", "/api/complete_multipart").size(), 1U);
}

TEST_F(LargeUploadTest, PartsAreSentAgain) {
  server.add_fault({.path_part = "/upload/", .times = 3, .status = 503});
  upload();
  expect_everything();
}

TEST_F(LargeUploadTest, AStorageThatRefuses) {
  server.add_fault({.path_part = "/upload/", .times = 100, .status = 403});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("cannot upload '"), HasSubstr(" answered 403"),
                               Not(HasSubstr("Signature")), HasSubstr("run_benchmarks upload ")));
  EXPECT_EQ(commits_in(), 1U);
}

TEST_F(LargeUploadTest, PartsThatDoNotAddUpAreNotTaken) {
  server.add_fault({.path_part = "/objects/batch",
                    .status = 200,
                    .body = R"({"objects": [{"oid": "0", "actions": {"upload": {"href": "x"}}}]})"});
  EXPECT_THAT(refusal(), HasSubstr("the Hub answers for a large file that was not asked about"));
}

}  // namespace
}  // namespace bv2::hub
