// Runs of fake benchmarks into a folder of the test's own.
#include "support/run_fixture.h"

#include <array>

#include "support/schema.h"

namespace bv2::test {
namespace {

constexpr std::array<std::string_view, 6> step_names{"load",    "prepare", "check",
                                                     "warm_up", "measure", "profile"};

std::string_view name_of(ScenarioStep step) { return step_names[static_cast<std::size_t>(step)]; }

}  // namespace

void RecordingObserver::run_started(std::int64_t scenarios, std::int64_t iterations) {
  events.push_back(fmt::format("run of {} scenarios, {} iterations", scenarios, iterations));
}
void RecordingObserver::scenario_started(std::int64_t index, std::string_view benchmark,
                                         std::string_view scenario) {
  events.push_back(fmt::format("scenario {}: {} {}", index, benchmark, scenario));
}
void RecordingObserver::step_started(std::int64_t /*index*/, ScenarioStep step) {
  events.emplace_back(name_of(step));
}
void RecordingObserver::iteration_finished(std::int64_t /*index*/, ScenarioStep step, std::int64_t done,
                                           std::int64_t of, double latency_seconds) {
  events.push_back(fmt::format("{} {}/{}", name_of(step), done, of));
  latencies_seconds.push_back(latency_seconds);
}
void RecordingObserver::scenario_finished(std::int64_t /*index*/, std::string_view benchmark,
                                          const ScenarioResult& result) {
  events.push_back(fmt::format("{} {}", benchmark, enum_name(result.status)));
}
void RecordingObserver::document_written(const std::filesystem::path& /*path*/) {
  events.emplace_back("document");
}
void RecordingObserver::problem(std::string_view line) { problems.emplace_back(line); }

RunTest::RunTest() {
  options_.output_dir = folder_.path() / "results";
  options_.warmup_iterations = 1;
  options_.measurement_iterations = 3;
  options_.num_tokens_to_generate = {5};
  options_.level = 0;
  options_.isolation = Isolation::none;
  options_.verification = false;  // it would be one call of the session more
  options_.schedule = Schedule::sequential;
  options_.commit_id = "0123abc";
  options_.branch_name = "a-branch";
  options_.commit_message = "a message";
}

FakeBenchmark& RunTest::add(FakeBehaviour behaviour, const std::string& name) {
  auto benchmark = std::make_unique<FakeBenchmark>(std::move(behaviour), name);
  FakeBenchmark& added = *benchmark;
  benchmarks_.push_back(std::move(benchmark));
  return added;
}

RunOutcome RunTest::run() {
  outcome_ = bv2::run(benchmarks_, options_, observer_, interrupt_, surroundings_);
  return outcome_;
}

BenchmarkDocument RunTest::document(std::size_t index) const {
  const std::filesystem::path& path = outcome_.documents.at(index);
  EXPECT_EQ(schema_faults(path, "benchmark_document.schema.json"), "") << path;
  return read_benchmark_document(path);
}

ScenarioResult RunTest::scenario() const {
  const BenchmarkDocument only = document();
  EXPECT_EQ(only.benchmark_scenarios.size(), 1U);
  return only.benchmark_scenarios.at(0);
}

RunSummary RunTest::summary() const {
  EXPECT_EQ(schema_faults(outcome_.summary, "benchmark_summary.schema.json"), "");
  RunSummary summary;
  from_json_value(read_json(outcome_.summary), summary, "summary");
  return summary;
}

}  // namespace bv2::test
