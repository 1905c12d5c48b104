// The report's page in headless Chromium, and exports in the readers of other tools. Of the suite `report`
// (./run_tests --report), which installs what they need; skipped where that is not there.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "support/built.h"
#include "support/made_documents.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* chromium = "/usr/bin/chromium";
constexpr const char* hostile = "<img src=x onerror=alert(1)></script><script>alert(2)</script>";

struct View {
  int width = 1440;
  bool dark = false;
};

std::string name_of(const View& view) {
  return fmt::format("{}_{}", view.width, view.dark ? "dark" : "light");
}

/// A prefill and a token, of more operations than a chart shows.
Omittable<ProfileResult> made_profile() {
  ProfileResult profile;
  profile.file = "SmolLM2-135M_trace_kernelized.json";
  for (const char* phase : {"prefill", "decode"}) {
    ProfiledPhase& step = profile.phases.emplace_back();
    step.phase = phase;
    step.steps = 1;
    step.seconds = 0.03;
    step.overhead_percent = 1.5;
    step.operations_seconds = 0.028;
    for (int i = 1; i <= 20; ++i) {
      ProfiledOperation& operation = profile.operations.emplace_back();
      operation.phase = phase;
      operation.name = fmt::format("operation {}/kernel", i);
      operation.kind = "kernel";
      operation.count = 30;
      operation.seconds = 0.028 / 20;
      operation.bytes = 1'000'000;
      operation.gigabytes_per_second = 7.1;
    }
  }
  Omittable<ProfileResult> result;
  result.emplace(std::move(profile));
  return result;
}

/// What monitors may add to a result.
void add_monitored(ScenarioResult& result) {
  result.energy.status = MonitorStatus::on;
  EnergyDomain& package = result.energy.domains.emplace_back();
  package.domain = "package-0";
  package.watts = 55;
  package.joules_per_new_token = 0.5;
  result.measurements.emplace_back("joules_per_new_token",
                                   summarise("joules", {0.49, 0.5, 0.51, 0.5, 0.48, 0.52}));
  result.hardware_counters.status = MonitorStatus::on;
  result.hardware_counters.events = {{"cycles", 3e9}, {"instructions", 5e9}};
  result.hardware_counters.instructions_per_cycle = 1.67;
}

class BrowserReport : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(chromium)) GTEST_SKIP() << "there is no chromium: ./run_tests --report installs it";
    if (!fs::exists(fs::path(BV2_TEST_REPORT_CHECKS_DIR) / "node_modules" / "axe-core")) {
      GTEST_SKIP() << "puppeteer-core and axe-core are not installed: ./run_tests --report does that where "
                      "there is npm";
    }
  }

  /// Five runs of two models, a change in the third; another machine; a failure; texts that would be
  /// markup.
  fs::path results() {
    const fs::path folder = folder_.path() / "results";
    for (int run = 1; run <= 5; ++run) {
      test::DocumentRecipe recipe;
      recipe.timestamp = fmt::format("2026-01-{:02}T10:00:00.000Z", run);
      recipe.commit_id = fmt::format("{:016x}", run * 0x1234567);
      recipe.slowness = run == 3 || run == 4 ? 1.15 : 1;
      recipe.seed = static_cast<std::uint32_t>(run);
      BenchmarkDocument three_modes = test::made_document(recipe);
      add_monitored(three_modes.benchmark_scenarios.back());
      three_modes.benchmark_scenarios.back().profile = made_profile();
      test::write_document(folder / std::to_string(run), three_modes, "1");
      recipe.model_name = "gpt2";
      recipe.new_tokens = 200;
      recipe.modes.pop_back();
      BenchmarkDocument document = test::made_document(recipe);
      document.benchmark_scenarios[1].metadata.effective["note"] = hostile;
      test::write_document(folder / std::to_string(run), document, "1");
    }
    test::DocumentRecipe elsewhere;
    elsewhere.timestamp = "2025-12-24T10:00:00.000Z";
    elsewhere.cpu_name = "Another Processor";
    test::write_document(folder / "elsewhere", test::made_document(elsewhere), "1");
    test::DocumentRecipe encoder;
    encoder.model_name = hostile;
    encoder.new_tokens = 0;
    encoder.timestamp = "2026-01-06T10:00:00.000Z";
    BenchmarkDocument document = test::made_document(encoder);
    ScenarioResult failed = document.benchmark_scenarios[0];
    failed.scenario_name = hostile;
    failed.status = ScenarioStatus::crashed;
    failed.error = hostile;
    failed.metadata.prompt.reset();
    document.benchmark_scenarios.push_back(failed);
    write_json(folder / "encoder_benchmark_1.json", to_json(document));
    return folder;
  }

  fs::path report(const fs::path& documents) {
    const fs::path page = folder_.path() / "report.html";
    const auto made = test::run_process({test::program(), "report", documents, "-o", page});
    EXPECT_EQ(made.status, 0) << made.err;
    return page;
  }

  /// What page.cjs saw. Screenshots stay in the build folder, to look at.
  static Json look(const fs::path& page, const View& view, Json more = Json::object()) {
    const fs::path pictures = BV2_TEST_PICTURES_DIR;
    fs::create_directories(pictures);
    Json given{{"page", page.string()},
               {"chromium", chromium},
               {"width", view.width},
               {"height", 900},
               {"dark", view.dark}};
    given.update(more);
    if (given.contains("picture")) {
      const std::string name = given["picture"].get<std::string>() + "_" + name_of(view);
      given["screenshot"] = (pictures / (name + ".png")).string();
      if (given.value("printed", false)) given["pdf"] = (pictures / (name + ".pdf")).string();
    }
    const auto result =
        test::run_process({"node", BV2_TEST_REPORT_CHECKS_SCRIPT, BV2_TEST_REPORT_CHECKS_DIR, given.dump()});
    EXPECT_EQ(result.status, 0) << result.err;
    return result.status == 0 ? parse_json(result.out, "output") : Json();
  }

  test::TemporaryFolder folder_;
};

TEST_F(BrowserReport, IsDrawnInEveryWidthAndTheme) {
  const fs::path page = report(results());
  for (const View& view : {View{1440, false}, View{1440, true}, View{390, false}, View{390, true}}) {
    SCOPED_TRACE(name_of(view));
    const Json seen =
        look(page, view, {{"axe", true}, {"picture", "report"}, {"printed", view.width > 1000}});
    ASSERT_TRUE(seen.is_object());
    EXPECT_THAT(seen["console"], IsEmpty()) << seen["console"];
    EXPECT_THAT(seen["requests"], IsEmpty()) << seen["requests"];
    // Two models of one machine: three charts of modes, one of tokens, one of memory, three of history each,
    // and of one of them two phases of a profile and one of energy. On the other machine no history; of the
    // encoder one metric, and no tokens.
    EXPECT_EQ(seen["charts"].size(), 8U + 3 + 8 + 5 + 2) << seen["charts"];
    EXPECT_EQ(seen["drawn"], seen["charts"].size());
    EXPECT_EQ(seen["withTable"], seen["charts"].size());
    EXPECT_LE(seen["pageOverflow"].get<double>(), 0);
    EXPECT_THAT(seen["labelsOutside"], IsEmpty()) << seen["labelsOutside"];
    EXPECT_THAT(seen["faults"], IsEmpty()) << seen["faults"];
  }
}

TEST_F(BrowserReport, ShowsTextsOfDocumentsAsText) {
  const Json seen = look(report(results()), {});
  EXPECT_EQ(seen["elementsFromDocuments"], 0);
  EXPECT_THAT(seen["console"], IsEmpty());
  const std::string text = seen["text"].get<std::string>();
  EXPECT_THAT(text,
              AllOf(HasSubstr(hostile), HasSubstr("another machine"), HasSubstr("Another Processor"),
                    HasSubstr("crashed"), HasSubstr("package-0"), HasSubstr("slower"), HasSubstr("faster")));
}

TEST_F(BrowserReport, CanBeUsedByKeysAlone) {
  const Json keyboard = look(report(results()), {}, {{"keyboard", true}})["keyboard"];
  EXPECT_EQ(keyboard["first"], "Skip to the results");
  EXPECT_EQ(keyboard["target"], "content");
  EXPECT_EQ(keyboard["slider"], true);
  EXPECT_NE(keyboard["after"], keyboard["before"]);
  EXPECT_THAT(keyboard["after"].get<std::string>(), AllOf(HasSubstr("context"), HasSubstr("ms")));
  EXPECT_EQ(keyboard["summary"], true);
  EXPECT_EQ(keyboard["opened"], true);
}

TEST_F(BrowserReport, AThousandDocumentsOpen) {
  const fs::path folder = folder_.path() / "many";
  // Half of them a history, half models of their own.
  for (int run = 0; run < 1000; ++run) {
    test::DocumentRecipe recipe;
    recipe.timestamp =
        fmt::format("2026-{:02}-{:02}T{:02}:00:00.000Z", 1 + run / 672, 1 + run / 24 % 28, run % 24);
    recipe.seed = static_cast<std::uint32_t>(run);
    recipe.iterations = 5;
    if (run % 2 == 0) recipe.model_name = fmt::format("model-{}", run);
    test::write_document(folder / std::to_string(run), test::made_document(recipe), "1");
  }
  const std::int64_t start_ns = monotonic_now_ns();
  const fs::path page = report(folder);
  const double built_seconds = static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
  const Json seen = look(page, {}, {{"steps", 40}});
  ASSERT_TRUE(seen.is_object());
  EXPECT_THAT(seen["console"], IsEmpty()) << seen["console"];
  EXPECT_THAT(seen["headings"], SizeIs(501 + 2));  // workloads, summary, environment
  EXPECT_GE(seen["charts"].size(), 8U);            // of the sections that came into view
  // For who runs it alone on a machine that is quiet: elsewhere these say nothing.
  fmt::print("1,000 documents: built in {:.2f} s, opened in {:.2f} s\n", built_seconds,
             seen["openMs"].get<double>() * 1e-3);
}

/// compare.py of Google Benchmark, which Debian's libbenchmark-tools has.
TEST(BrowserlessReaders, GoogleBenchmarksCompareReadsOurs) {
  constexpr const char* compare = "/usr/share/benchmark/compare.py";
  if (!fs::exists(compare) || test::run_process({"/usr/bin/python3", "-c", "import scipy"}).status != 0) {
    GTEST_SKIP() << "libbenchmark-tools or python3-scipy is missing: ./run_tests --report installs them";
  }
  const test::TemporaryFolder folder;
  for (const auto& [name, slowness] : {std::pair{"base", 1.0}, std::pair{"new", 1.5}}) {
    const auto document =
        test::write_document(folder.path() / name, test::made_document({.slowness = slowness}), "1");
    const auto made = test::run_process({test::program(), "export", document, "--format", "google-benchmark",
                                         "-o", folder.path() / (std::string(name) + ".json")});
    ASSERT_EQ(made.status, 0) << made.err;
  }
  const auto result = test::run_process({"/usr/bin/python3", compare, "--no-color", "benchmarks",
                                         folder.path() / "base.json", folder.path() / "new.json"});
  EXPECT_EQ(result.status, 0) << result.err;
  // Every repetition half as slow again, and its own test finds it.
  EXPECT_THAT(result.out, testing::ContainsRegex("/latency +\\+0\\.5"));
  EXPECT_THAT(result.out, HasSubstr("U Test, Repetitions: 8 vs 8"));
}

}  // namespace
}  // namespace bv2
