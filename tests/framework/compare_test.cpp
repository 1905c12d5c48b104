// Comparisons of result documents: pairing, verdicts, refusals, and what is told beside them.
#include "framework/compare.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>

#include "support/error_text.h"
#include "support/series.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using test::Random;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A successful scenario with these latencies.
ScenarioResult scenario_of(const std::vector<double>& latencies, const std::string& variant = "eager") {
  ScenarioResult result;
  result.scenario_name = variant;
  result.status = ScenarioStatus::success;
  result.metadata.model_id = "org/model";
  result.metadata.config.variant = variant;
  result.metadata.prompt = PromptInfo{.source = PromptSource::seeded, .tokens = 16, .text = {}};
  result.metadata.hardware_info.cpu_name = "a processor";
  result.metadata.hardware_info.governor = "performance";
  for (const double latency : latencies) {
    const auto place = static_cast<std::int64_t>(result.iterations.size());
    result.iterations.push_back({.start_ns = 0,
                                 .token_ns = {std::llround(latency * 1e9)},
                                 .order = place,
                                 .round = place,
                                 .launch = 0,
                                 .flags = {}});
  }
  result.measurements.emplace_back("latency", summarise("seconds", latencies));
  result.measurements.emplace_back("tokens_per_second", summarise("tokens/sec", latencies));
  return result;
}

class CompareTest : public testing::Test {
 protected:
  fs::path write(const std::string& name, std::vector<ScenarioResult> scenarios) {
    BenchmarkDocument document;
    document.benchmark = "fake";
    document.model_name = "model";
    document.benchmark_scenarios = std::move(scenarios);
    fs::create_directories((folder_.path() / name).parent_path());
    return folder_.write(name, json_text(to_json(document)));
  }
  std::vector<double> latencies(double median, std::size_t count = 30) {
    auto series = test::log_normal_series(count, random_, 0.005);
    for (double& value : series) value *= median;
    return series;
  }
  static Comparisons compared(const fs::path& base, const fs::path& other,
                              const CompareOptions& options = {}) {
    return compare(base, std::array{other}, options);
  }
  static Verdict verdict(const Comparisons& comparisons) {
    return comparisons.reports.at(0).scenarios.at(0).metrics.at(0).judgement.verdict;
  }

  test::TemporaryFolder folder_;
  Random random_{1};
};

TEST_F(CompareTest, FourVerdicts) {
  const fs::path base = write("a_benchmark_1.json", {scenario_of(latencies(1))});
  EXPECT_EQ(verdict(compared(base, write("b.json", {scenario_of(latencies(1.1))}))), Verdict::slower);
  EXPECT_EQ(verdict(compared(base, write("c.json", {scenario_of(latencies(0.9))}))), Verdict::faster);
  EXPECT_EQ(verdict(compared(base, base)), Verdict::equivalent);
  EXPECT_EQ(verdict(compared(base, write("d.json", {scenario_of({1, 1.3, 0.8})}))), Verdict::inconclusive);
}

TEST_F(CompareTest, OnlyTimesAreJudged) {
  const fs::path base = write("a.json", {scenario_of(latencies(1))});
  const auto comparisons = compared(base, base);
  ASSERT_EQ(comparisons.reports[0].scenarios[0].metrics.size(), 1U);
  EXPECT_EQ(comparisons.reports[0].scenarios[0].metrics[0].metric, "latency");
  EXPECT_EQ(comparisons.comparisons, 1U);
}

TEST_F(CompareTest, PairsByWhatWasMeasuredNotByNameCountOrOrder) {
  auto renamed = scenario_of(latencies(1, 7), "kernelized");
  renamed.scenario_name = "another name";
  renamed.metadata.config.measurement_iterations = 7;
  const fs::path base = write("a.json", {scenario_of(latencies(1)), scenario_of(latencies(2), "kernelized")});
  const fs::path other = write("b.json", {renamed, scenario_of(latencies(1))});
  const auto report = compared(base, other).reports[0];
  EXPECT_EQ(report.scenarios.size(), 2U);
  EXPECT_THAT(report.only_in_base, IsEmpty());
}

TEST_F(CompareTest, WhatOnlyOneSideHasIsTold) {
  auto longer = scenario_of(latencies(1));
  longer.metadata.config.num_tokens_to_generate = 200;
  const fs::path base = write("a.json", {scenario_of(latencies(1)), scenario_of(latencies(1), "kernelized")});
  const fs::path other = write("b.json", {scenario_of(latencies(1)), longer});
  const auto report = compared(base, other).reports[0];
  EXPECT_THAT(report.only_in_base, ElementsAre(HasSubstr("kernelized")));
  EXPECT_THAT(report.only_in_new, ElementsAre(HasSubstr("16 + 200 tokens")));
}

TEST_F(CompareTest, OtherWeightsAreAnotherModel) {
  const auto with_weights = [&](const std::string& hash) {
    auto result = scenario_of(latencies(1));
    result.metadata.weights_hash = hash;
    return result;
  };
  const fs::path base = write("a.json", {with_weights("1111")});
  const fs::path moved = write("b.json", {with_weights("1111")});
  EXPECT_EQ(compared(base, moved).reports[0].scenarios.size(), 1U);
  const fs::path tuned = write("c.json", {with_weights("2222")});
  EXPECT_THAT(test::error_text<UsageError>([&] { compared(base, tuned); }),
              HasSubstr("no scenario in common"));
}

TEST_F(CompareTest, AnotherMachineIsRefusedFieldByField) {
  auto elsewhere = scenario_of(latencies(1.5));
  elsewhere.metadata.hardware_info.cpu_name = "another processor";
  const fs::path base = write("a.json", {scenario_of(latencies(1))});
  const fs::path other = write("b.json", {elsewhere});
  EXPECT_THAT(test::error_text<UsageError>([&] { compared(base, other); }),
              testing::AllOf(HasSubstr("hardware_info.cpu_name"), HasSubstr("another processor"),
                             HasSubstr("--different-machines")));
  EXPECT_EQ(verdict(compared(base, other, {.different_machines = true})), Verdict::slower);
}

TEST_F(CompareTest, WhatElseDiffersIsNoted) {
  auto changed = scenario_of(latencies(1));
  changed.metadata.hardware_info.governor = "powersave";
  changed.metadata.effective["isa"] = "AVX2";
  changed.output.token_ids = {1, 2};
  changed.metadata.hardware_info.load_average = std::vector<double>{3, 2, 1};
  const auto report =
      compared(write("a.json", {scenario_of(latencies(1))}), write("b.json", {changed})).reports[0];
  std::vector<std::string> fields;
  for (const auto& difference : report.scenarios[0].differences) fields.push_back(difference.field);
  EXPECT_THAT(fields, ElementsAre("hardware_info.governor", "effective.isa", "output.token_ids"));
}

TEST_F(CompareTest, AScenarioThatNewFailsIsNoEquivalence) {
  auto failed = scenario_of({});
  failed.status = ScenarioStatus::crashed;
  failed.error.emplace("signal 11");
  const fs::path base = write("a.json", {scenario_of(latencies(1))});
  const auto comparisons = compared(base, write("b.json", {failed}));
  EXPECT_TRUE(comparisons.any_failed());
  EXPECT_THAT(comparisons.reports[0].scenarios[0].problem, HasSubstr("signal 11"));
  EXPECT_FALSE(compared(write("c.json", {failed}), base).any_failed());
}

TEST_F(CompareTest, ManyComparisonsShareTheConfidence) {
  std::vector<ScenarioResult> many;
  for (int batch = 1; batch <= 10; ++batch) {
    many.push_back(scenario_of(latencies(1)));
    many.back().metadata.config.batch_size = batch;
  }
  const fs::path base = write("a.json", many);
  const auto comparisons = compared(base, base);
  EXPECT_EQ(comparisons.comparisons, 10U);
  EXPECT_DOUBLE_EQ(comparisons.interval_confidence, 0.995);
}

TEST_F(CompareTest, DocumentsOfAFolderAreLaunches) {
  for (const char* side : {"base", "new"}) {
    for (int launch = 0; launch < 5; ++launch) {
      const double level = 1 + 0.05 * (launch % 2);
      write(fmt::format("{}/m/m_benchmark_{}.json", side, launch), {scenario_of(latencies(level))});
    }
  }
  write("base/benchmark_summary_1.json", {});
  const auto report = compared(folder_.path() / "base", folder_.path() / "new").reports[0];
  EXPECT_EQ(report.scenarios[0].base_launches, 5U);
  EXPECT_EQ(report.scenarios[0].new_launches, 5U);
  // Launches differ by 5%: 30 iterations of each do not make that certain.
  EXPECT_GT(*report.scenarios[0].metrics[0].judgement.detectable_percent, 3);
}

TEST_F(CompareTest, FilesThatAreNoResults) {
  const fs::path base = write("a.json", {scenario_of(latencies(1))});
  EXPECT_THAT(test::error_text<UsageError>([&] { compared(base, folder_.path() / "none"); }),
              HasSubstr("none"));
  fs::create_directory(folder_.path() / "empty");
  EXPECT_THAT(test::error_text<UsageError>([&] { compared(base, folder_.path() / "empty"); }),
              HasSubstr("no result documents"));
}

}  // namespace
}  // namespace bv2
