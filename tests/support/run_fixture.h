// Runs of fake benchmarks into a folder of the test's own, with all that an observer was told.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "framework/result.h"
#include "framework/runner.h"
#include "support/fake_benchmark.h"
#include "support/temporary_folder.h"

namespace bv2::test {

/// Writes down what a run tells, one line an event.
class RecordingObserver final : public RunObserver {
 public:
  void run_started(std::int64_t scenarios, std::int64_t iterations) override;
  void scenario_started(std::int64_t index, std::string_view benchmark, std::string_view scenario) override;
  void step_started(std::int64_t index, ScenarioStep step) override;
  void iteration_finished(std::int64_t index, ScenarioStep step, std::int64_t done, std::int64_t of,
                          double latency_seconds) override;
  void scenario_finished(std::int64_t index, std::string_view benchmark,
                         const ScenarioResult& result) override;
  void document_written(const std::filesystem::path& path) override;
  void problem(std::string_view line) override;

  std::vector<std::string> events;
  std::vector<std::string> problems;
  std::vector<double> latencies_seconds;
};

/// One warm-up and three measured iterations of five tokens, one scenario a benchmark; all in this process,
/// one scenario after another.
class RunTest : public testing::Test {
 protected:
  RunTest();

  FakeBenchmark& add(FakeBehaviour behaviour = {}, const std::string& name = "fake");
  RunOutcome run();
  /// The document of the n-th benchmark that left one, held against the schema.
  [[nodiscard]] BenchmarkDocument document(std::size_t index = 0) const;
  /// The only scenario of the only benchmark.
  [[nodiscard]] ScenarioResult scenario() const;
  [[nodiscard]] RunSummary summary() const;

  TemporaryFolder folder_;
  std::vector<std::unique_ptr<ModelBenchmark>> benchmarks_;
  RunOptions options_;
  RecordingObserver observer_;
  InterruptFlag interrupt_;
  RunSurroundings surroundings_;
  RunOutcome outcome_;
};

}  // namespace bv2::test
