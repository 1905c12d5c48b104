// What a report takes from documents: workloads, headlines, bins of tokens, histories, environments,
// failures.
#include "framework/report/report_data.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "support/made_documents.h"

namespace bv2 {
namespace {

using test::DocumentRecipe;
using testing::ElementsAre;
using testing::HasSubstr;

std::string timestamp(int day) { return fmt::format("2026-01-{:02}T10:00:00.000Z", day); }

std::vector<DocumentFile> files_of(std::vector<DocumentRecipe> recipes) {
  std::vector<DocumentFile> files;
  for (DocumentRecipe& recipe : recipes) {
    const int day = static_cast<int>(files.size()) + 1;
    recipe.timestamp = timestamp(day);
    recipe.seed = static_cast<std::uint32_t>(day);
    files.push_back({fmt::format("run{}/d.json", day), test::made_document(recipe)});
  }
  return files;
}

DocumentRecipe only_eager(double slowness = 1, const std::string& cpu_name = "A Processor") {
  return {.cpu_name = cpu_name, .modes = {{}}, .slowness = slowness};
}

const ReportScenario& scenario_named(const ReportWorkload& workload, const std::string& variant) {
  return *std::ranges::find(workload.scenarios, variant, &ReportScenario::variant);
}

/// Whether a history marks it. What is no change is EQUIVALENT or, of many runs, INCONCLUSIVE.
std::string change_of(const std::optional<Judgement>& judgement) {
  if (!judgement) return "none";
  const bool change = judgement->verdict == Verdict::faster || judgement->verdict == Verdict::slower;
  return change ? std::string(enum_name(judgement->verdict)) : "none";
}

TEST(ReportData, TheHeadlineIsTheFastestWithItsInterval) {
  const ReportData data = report_data(files_of({{}}));
  ASSERT_EQ(data.workloads.size(), 1U);
  const ReportWorkload& workload = data.workloads[0];
  EXPECT_EQ(workload.model, "SmolLM2-135M");
  EXPECT_EQ(workload.workload, "bfloat16, batch 1, 128 + 64 tokens, 2 threads");
  EXPECT_TRUE(workload.synthetic_weights);
  ASSERT_EQ(workload.scenarios.size(), 3U);
  EXPECT_EQ(workload.scenarios[0].variant, "eager");  // as in the document
  ASSERT_TRUE(workload.headline);
  EXPECT_EQ(workload.headline->fastest, "kernelized_sdpa_flash_attention");
  ASSERT_TRUE(workload.headline->over_eager);
  EXPECT_TRUE(workload.headline->over_eager->paired);
  const double speedup = *workload.headline->over_eager->speedup;
  EXPECT_NEAR(speedup, (0.08 + 63 * 0.0206) / (0.05 + 63 * 0.0093), 0.05);
  EXPECT_LT((*workload.headline->over_eager->speedup_ci95)[0], speedup);
  ASSERT_TRUE(workload.headline->over_second);
  EXPECT_THAT(workload.headline->over_second->base, HasSubstr("compiled"));
  EXPECT_EQ(workload.comparisons.size(), 2U);
}

TEST(ReportData, ScenariosOfDifferentRunsAreMeasuredApart) {
  const ReportData data =
      report_data(files_of({{.modes = {{}}}, {.modes = {{"kernelized", 0.05, 0.009, 2e-6}}}}));
  ASSERT_EQ(data.workloads.size(), 1U);
  ASSERT_TRUE(data.workloads[0].headline->over_eager);
  EXPECT_FALSE(data.workloads[0].headline->over_eager->paired);
}

TEST(ReportData, TokensAreBinnedWithTheirContextAndStalls) {
  const ReportData data = report_data(files_of({{.noise = 0, .new_tokens = 200}}));
  const ReportTokens& tokens = *scenario_named(data.workloads[0], "eager").tokens;
  ASSERT_EQ(tokens.context.size(), 64U);
  EXPECT_GE(tokens.context.front(), 129);
  EXPECT_LE(tokens.context.back(), 328);
  EXPECT_TRUE(std::ranges::is_sorted(tokens.context));
  EXPECT_NEAR(tokens.median.front(), 0.02 + 4e-6 * tokens.context.front(), 1e-6);
  EXPECT_NEAR(*tokens.fit_slope_seconds_per_token, 4e-6, 2e-7);
  EXPECT_EQ(tokens.stall_count, 1U);
  ASSERT_EQ(tokens.stalls.size(), 1U);
  EXPECT_EQ(tokens.stalls[0].context, 128 + 20);
}

TEST(ReportData, AnEncoderHasNoTokens) {
  const ReportData data = report_data(files_of({{.new_tokens = 0}}));
  EXPECT_FALSE(data.workloads[0].scenarios[0].tokens);
  EXPECT_TRUE(data.workloads[0].headline);
}

TEST(ReportData, AHistoryMarksWhatChanged) {
  const ReportData data =
      report_data(files_of({only_eager(), only_eager(), only_eager(1.3), only_eager(1.3), only_eager()}));
  ASSERT_EQ(data.workloads.size(), 1U);
  const auto& history = scenario_named(data.workloads[0], "eager").history;
  ASSERT_EQ(history.size(), 5U);
  std::vector<std::string> verdicts;
  for (const HistoryPoint& point : history) {
    ASSERT_EQ(point.metrics[0].first, "latency");
    const auto& judgement = point.metrics[0].second.judgement;
    verdicts.push_back(change_of(judgement));
  }
  EXPECT_THAT(verdicts, ElementsAre("none", "none", "SLOWER", "none", "FASTER"));
  EXPECT_FALSE(history[0].metrics[0].second.judgement);
  EXPECT_EQ(history[0].timestamp, timestamp(1));
  EXPECT_EQ(history[4].document, "run5/d.json");
  EXPECT_NEAR(*history[2].metrics[0].second.judgement->ratio, 1.3, 0.01);
}

TEST(ReportData, AChangeSaysWhatElseDiffers) {
  auto files = files_of({only_eager(), only_eager(2)});
  for (auto& scenario : files[1].document.benchmark_scenarios) {
    scenario.metadata.hardware_info.governor = "powersave";
  }
  const ReportData data = report_data(files);
  const auto& point = data.workloads[0].scenarios[0].history[1];
  EXPECT_THAT(point.differences, ElementsAre("hardware_info.governor: \"performance\" -> \"powersave\""));
}

TEST(ReportData, MachinesAreNeverCompared) {
  const ReportData data =
      report_data(files_of({only_eager(), only_eager(3, "Another"), only_eager(), only_eager(3, "Another")}));
  ASSERT_EQ(data.workloads.size(), 2U);
  ASSERT_EQ(data.environments.size(), 2U);
  EXPECT_NE(data.environments[0].machine, data.environments[1].machine);
  EXPECT_TRUE(data.environments[0].differences.empty());  // that of the newest document
  ASSERT_FALSE(data.environments[1].differences.empty());
  EXPECT_EQ(data.environments[1].differences[0].field, "hardware_info.cpu_name");
  EXPECT_EQ(data.environments[1].differences[0].difference, Difference::machine);
  EXPECT_EQ(data.environments[1].documents, 2U);
  EXPECT_EQ(data.environments[1].first_timestamp, timestamp(1));
  EXPECT_EQ(data.environments[1].last_timestamp, timestamp(3));
  for (const ReportWorkload& workload : data.workloads) {
    for (const ReportScenario& scenario : workload.scenarios) {
      ASSERT_EQ(scenario.history.size(), 2U);
      EXPECT_EQ(change_of(scenario.history[1].metrics[0].second.judgement), "none");
    }
  }
}

TEST(ReportData, AFewMegabytesAndTheLoadAreTheSameEnvironment) {
  auto files = files_of({only_eager(), only_eager()});
  for (auto& scenario : files[1].document.benchmark_scenarios) {
    scenario.metadata.hardware_info.memory_total = 24'010;
    scenario.metadata.hardware_info.load_average = std::vector<double>{9, 9, 9};
  }
  EXPECT_EQ(report_data(files).environments.size(), 1U);
}

TEST(ReportData, FailuresAreOfTheNewestDocumentOfAModel) {
  auto files = files_of({only_eager(), only_eager()});
  ScenarioResult failed;
  failed.scenario_name = "compiled_x";
  failed.status = ScenarioStatus::timed_out;
  failed.error = "too slow";
  files[0].document.benchmark_scenarios.push_back(failed);
  EXPECT_TRUE(report_data(files).failures.empty());
  files[1].document.benchmark_scenarios.push_back(failed);
  const ReportData data = report_data(files);
  ASSERT_EQ(data.failures.size(), 1U);
  EXPECT_EQ(data.failures[0].scenario, "compiled_x");
  EXPECT_EQ(data.failures[0].error, "too slow");
  EXPECT_EQ(data.workloads.size(), 1U);  // it has no shape of its own
}

TEST(ReportData, NothingOfNoDocuments) {
  const ReportData data = report_data({});
  EXPECT_TRUE(data.workloads.empty());
  EXPECT_TRUE(data.environments.empty());
}

}  // namespace
}  // namespace bv2
