// The gate and the limits in whole runs: who is held against what, and what becomes of the wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/engine_services.h"
#include "support/linear_session.h"
#include "support/run_fixture.h"

namespace bv2::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class SomeProbes final : public EngineServices {
 public:
  [[nodiscard]] std::string_view name() const override { return "linear"; }
  [[nodiscard]] bool has_probes() const override { return true; }
};

/// Two variants; what one of them gives is off by `kernelized_error`.
class LinearBenchmark final : public ModelBenchmark {
 public:
  [[nodiscard]] BenchmarkInfo info() const override {
    return {.name = "linear",
            .description = "known logits",
            .default_model = "nobody/Linear",
            .default_prompt = "",
            .default_sequence_length = 6,
            .model_types = {},
            .variants = variants};
  }
  [[nodiscard]] std::unique_ptr<Session> open(const ScenarioConfig& config) const override {
    opened.push_back(config);
    auto session = std::make_unique<LinearSession>();
    if (config.variant == "kernelized") session->error = kernelized_error;
    return session;
  }
  [[nodiscard]] std::optional<std::int64_t> parameter_count(const ScenarioConfig&) const override {
    return parameters;
  }
  [[nodiscard]] const EngineServices* services() const override { return &probes; }

  [[nodiscard]] std::size_t references_opened() const {
    return static_cast<std::size_t>(std::ranges::count_if(opened, [](const ScenarioConfig& config) {
      return config.dtype == "float32" && config.attn_implementation == "eager" && config.variant == "eager";
    }));
  }

  std::vector<std::string> variants{"eager", "kernelized"};
  float kernelized_error = 0;
  std::int64_t parameters = 1000;
  SomeProbes probes;
  mutable std::vector<ScenarioConfig> opened;
};

class RunnerGateTest : public RunTest {
 protected:
  RunnerGateTest() {
    options_.verification = true;
    benchmarks_.push_back(std::make_unique<LinearBenchmark>());
  }
  LinearBenchmark& benchmark() { return static_cast<LinearBenchmark&>(*benchmarks_[0]); }
};

TEST_F(RunnerGateTest, WhatIsWrongFailsAndHasNoSpeed) {
  benchmark().kernelized_error = 3;
  EXPECT_EQ(run().exit_status, 1);
  const BenchmarkDocument left = document();
  ASSERT_EQ(left.benchmark_scenarios.size(), 2U);
  const ScenarioResult& right = left.benchmark_scenarios[0];
  EXPECT_EQ(right.status, ScenarioStatus::success);
  EXPECT_EQ(right.verification.status, VerificationStatus::passed);
  EXPECT_EQ(right.verification.reference, "eager float32");
  EXPECT_EQ(right.verification.new_tokens, 5);
  const ScenarioResult& wrong = left.benchmark_scenarios[1];
  EXPECT_EQ(wrong.status, ScenarioStatus::failed);
  EXPECT_THAT(*wrong.error, HasSubstr("the output is not that of eager float32: the logit of token id 0"));
  EXPECT_EQ(wrong.verification.status, VerificationStatus::failed);
  EXPECT_NEAR(*wrong.verification.max_abs_logit_difference, 3, 1e-6);
  EXPECT_THAT(wrong.measurements, IsEmpty());
  EXPECT_THAT(wrong.iterations, IsEmpty());
}

TEST_F(RunnerGateTest, AReferenceServesAllScenariosAndLaterRuns) {
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(benchmark().references_opened(), 1U);
  EXPECT_EQ(benchmark().opened.size(), 3U);
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(benchmark().references_opened(), 1U) << "it was kept";
  options_.batch_sizes = {2};
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(benchmark().references_opened(), 2U) << "another batch is another question";
  EXPECT_EQ(document().benchmark_scenarios[1].verification.status, VerificationStatus::passed);
}

TEST_F(RunnerGateTest, NoVerificationIsRecorded) {
  options_.verification = false;
  benchmark().kernelized_error = 3;
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(benchmark().opened.size(), 2U);
  for (const ScenarioResult& result : document().benchmark_scenarios) {
    EXPECT_EQ(result.verification.status, VerificationStatus::not_run);
    EXPECT_EQ(result.verification.reason, "--no-verification");
    EXPECT_FALSE(result.metadata.procedure.verification);
  }
}

TEST_F(RunnerGateTest, WithoutMemoryForItTheReferenceIsRefused) {
  benchmark().parameters = 1'000'000'000;
  surroundings_.available_memory_bytes = [] { return std::int64_t{3} << 30; };
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(benchmark().references_opened(), 0U);
  const ScenarioResult result = document().benchmark_scenarios[0];
  EXPECT_EQ(result.verification.status, VerificationStatus::not_run);
  EXPECT_THAT(*result.verification.reason, HasSubstr("needs 4.2 GiB of memory, 3.0 GiB are available"));
  EXPECT_TRUE(result.metadata.procedure.verification);
}

TEST_F(RunnerGateTest, WithoutAnEagerVariantThereIsNoReference) {
  benchmark().variants = {"kernelized"};
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_THAT(*document().benchmark_scenarios[0].verification.reason, HasSubstr("has no eager variant"));
}

TEST_F(RunnerGateTest, ScenariosAreHeldAgainstTheLimitsOfTheirThreads) {
  surroundings_.limits = [&](std::span<const EngineServices* const> engines,
                             std::vector<std::int64_t> threads) {
    EXPECT_EQ(engines.size(), 1U);
    EXPECT_EQ(threads, (std::vector<std::int64_t>{2, 2}));
    MachineLimits limits;
    limits.read_bandwidth = {{.threads = 2, .working_set_bytes = 1000, .bytes_per_second = 1e9}};
    limits.product_rate = {{.threads = 2, .dtype = "float32", .operations_per_second = 1e9}};
    return limits;
  };
  options_.threads = 2;
  EXPECT_EQ(run().exit_status, 0);
  const ScenarioResult result = document().benchmark_scenarios[0];
  EXPECT_FALSE(result.metadata.hardware_info.measured_peaks.is_null());
  ASSERT_TRUE(result.roofline);
  EXPECT_DOUBLE_EQ(result.roofline->prefill.operations, 6 * 100 + 10);
  EXPECT_EQ(result.roofline->prefill.bound, "compute");
  EXPECT_GT(*result.roofline->prefill.percent_of_limit, 0);
  EXPECT_EQ(result.roofline->prefill.seconds, result.measurement("time_to_first_token")->median);
  ASSERT_TRUE(result.roofline->decode);
  EXPECT_DOUBLE_EQ(*result.roofline->decode_context, 6 + 2.5);
}

TEST_F(RunnerGateTest, LimitsThatRiseBetweenRoundsAreThoseOfTheResult) {
  surroundings_.limits = [](std::span<const EngineServices* const>, std::vector<std::int64_t>) {
    MachineLimits limits;
    limits.read_bandwidth = {{.threads = 2, .working_set_bytes = 1000, .bytes_per_second = 1e3}};
    limits.product_rate = {{.threads = 2, .dtype = "float32", .operations_per_second = 1e15}};
    return limits;
  };
  int looks = 0;
  surroundings_.raise_limits = [&](std::span<const EngineServices* const> engines, std::vector<std::int64_t>,
                                   MachineLimits& limits) {
    EXPECT_EQ(engines.size(), 1U);
    limits.read_bandwidth[0].bytes_per_second = ++looks * 1e6;
    return true;
  };
  surroundings_.limits_stand = std::chrono::nanoseconds(0);
  surroundings_.available_memory_bytes = [] { return std::int64_t{1} << 40; };
  options_.threads = 2;
  options_.schedule = Schedule::interleaved;
  EXPECT_EQ(run().exit_status, 0);
  ASSERT_GE(looks, 1);
  for (const ScenarioResult& result : document().benchmark_scenarios) {
    ASSERT_TRUE(result.roofline);
    EXPECT_DOUBLE_EQ(*result.roofline->prefill.limit_bytes_per_second, looks * 1e6);
  }
}

TEST_F(RunnerGateTest, WithoutMemoryToSpareNothingIsMeasuredBetweenRounds) {
  surroundings_.limits = [](std::span<const EngineServices* const>, std::vector<std::int64_t>) {
    MachineLimits limits;
    limits.read_bandwidth = {{.threads = 2, .working_set_bytes = 1000, .bytes_per_second = 1e3}};
    return limits;
  };
  surroundings_.raise_limits = [](std::span<const EngineServices* const>, std::vector<std::int64_t>,
                                  MachineLimits&) {
    ADD_FAILURE();
    return false;
  };
  surroundings_.limits_stand = std::chrono::nanoseconds(0);
  surroundings_.available_memory_bytes = [] { return std::int64_t{3999}; };
  options_.verification = false;
  EXPECT_EQ(run().exit_status, 0);
}

TEST_F(RunnerGateTest, EveryIterationHasItsCounters) {
  EXPECT_EQ(run().exit_status, 0);
  const BenchmarkDocument result = document();
  ASSERT_FALSE(result.benchmark_scenarios[0].iterations.empty());
  for (const Iteration& iteration : result.benchmark_scenarios[0].iterations) {
    const auto wall =
        std::ranges::find(iteration.counters, "wall_time_ns", &CounterValues::value_type::first);
    ASSERT_NE(wall, iteration.counters.end());
    EXPECT_GE(wall->second, iteration.token_ns.back() - iteration.start_ns);
  }
}

}  // namespace
}  // namespace bv2::test
