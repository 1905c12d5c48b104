// Who is measured when: rounds, groups that fit into memory, launches, and what ends them.
#include "framework/rounds.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "support/error_text.h"
#include "support/run_fixture.h"

namespace bv2 {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RoundsTest : public test::RunTest {
 protected:
  RoundsTest() {
    options_.schedule = Schedule::interleaved;
    options_.schedule_seed = 11;
    options_.sequence_lengths = {4, 8, 12};  // three scenarios
  }

  struct Turn {
    std::int64_t order;
    std::int64_t round;
    std::size_t scenario;
    std::int64_t launch;
  };
  /// All measured iterations of the only benchmark, in their order.
  [[nodiscard]] std::vector<Turn> turns() const {
    std::vector<Turn> turns;
    const BenchmarkDocument document = this->document();
    for (std::size_t i = 0; i < document.benchmark_scenarios.size(); ++i) {
      for (const Iteration& iteration : document.benchmark_scenarios[i].iterations) {
        turns.push_back({iteration.order, iteration.round, i, iteration.launch});
      }
    }
    std::ranges::sort(turns, {}, &Turn::order);
    return turns;
  }
  [[nodiscard]] std::vector<std::size_t> sequence() const {
    std::vector<std::size_t> scenarios;
    for (const Turn& turn : turns()) scenarios.push_back(turn.scenario);
    return scenarios;
  }
};

TEST_F(RoundsTest, InterleavedTakesTurnsInAnotherOrderEachRound) {
  options_.measurement_iterations = 20;
  const auto record = add().record();
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(record->most_open_at_once, 3);
  EXPECT_EQ(record->open_now, 0);
  const std::vector<Turn> turns = this->turns();
  ASSERT_EQ(turns.size(), 60U);
  std::set<std::vector<std::size_t>> orders;
  for (std::size_t i = 0; i < turns.size(); i += 3) {
    for (std::size_t turn = i; turn < i + 3; ++turn) {
      EXPECT_EQ(turns[turn].order, static_cast<std::int64_t>(turn));
      EXPECT_EQ(turns[turn].round, static_cast<std::int64_t>(i / 3));
    }
    const std::vector<std::size_t> order{turns[i].scenario, turns[i + 1].scenario, turns[i + 2].scenario};
    EXPECT_THAT(order, UnorderedElementsAre(0U, 1U, 2U));
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 3U);
  const Procedure procedure = document().benchmark_scenarios[0].metadata.procedure;
  EXPECT_EQ(procedure.schedule_seed, 11U);
  EXPECT_EQ(procedure.schedule, Schedule::interleaved);
  EXPECT_EQ(procedure.isolation, Isolation::none);
}

TEST_F(RoundsTest, TheSameSeedGivesTheSameOrder) {
  add();
  options_.measurement_iterations = 8;
  run();
  const auto first = sequence();
  run();
  EXPECT_EQ(sequence(), first);
  options_.schedule_seed = 12;
  run();
  EXPECT_NE(sequence(), first);
}

TEST_F(RoundsTest, SequentialHasNoSharedRounds) {
  options_.schedule = Schedule::sequential;
  const auto record = add().record();
  run();
  EXPECT_EQ(record->most_open_at_once, 1);
  std::set<std::int64_t> rounds;
  for (const Turn& turn : turns()) rounds.insert(turn.round);
  EXPECT_EQ(rounds.size(), 9U);
  EXPECT_TRUE(std::ranges::is_sorted(sequence()));
}

TEST_F(RoundsTest, ScenariosThatDoNotFitWaitForTheNextGroup) {
  const auto record = add().record();
  surroundings_.available_memory_bytes = [&]() -> std::optional<std::int64_t> {
    return record->open_now < 2 ? std::int64_t{1} << 50 : 0;
  };
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(record->most_open_at_once, 2);
  const std::vector<Turn> turns = this->turns();
  ASSERT_EQ(turns.size(), 9U);
  for (std::size_t i = 0; i < turns.size(); ++i) {
    EXPECT_EQ(turns[i].scenario == 2, i >= 6) << "the third is measured alone, after the others";
  }
  EXPECT_EQ(turns[6].round, 3) << "a round is of one group";
}

TEST_F(RoundsTest, OneThatDoesNotFitAtAllIsTriedAlone) {
  const auto record = add().record();
  surroundings_.available_memory_bytes = [] { return std::optional<std::int64_t>(0); };
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(record->most_open_at_once, 1);
}

TEST_F(RoundsTest, EachLaunchDoesEverythingAnew) {
  options_.launches = 2;
  const auto record = add().record();
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(record->opened.size(), 6U);
  EXPECT_EQ(record->calls.size(), 6U * 5) << "each with a check and a warm-up";
  const std::vector<Turn> turns = this->turns();
  ASSERT_EQ(turns.size(), 18U);
  for (std::size_t i = 0; i < turns.size(); ++i) EXPECT_EQ(turns[i].launch, i < 9 ? 0 : 1);
  EXPECT_EQ(turns[9].round, 3);
  EXPECT_EQ(document().benchmark_scenarios[0].measurement("latency")->measurements.size(), 6U);
}

TEST_F(RoundsTest, AFaultLeavesTheOtherRoundsWhole) {
  add({.fault = test::Fault::generate_throws, .fault_at_call = 3}, "bad");
  add({}, "good");
  options_.sequence_lengths = {4};
  EXPECT_EQ(run().exit_status, 1);
  EXPECT_EQ(document(0).benchmark_scenarios[0].iterations.size(), 1U);
  const std::vector<Iteration> good = document(1).benchmark_scenarios[0].iterations;
  ASSERT_EQ(good.size(), 3U);
  for (std::size_t i = 0; i < good.size(); ++i) EXPECT_EQ(good[i].round, static_cast<std::int64_t>(i));
}

TEST_F(RoundsTest, PrecisionGoesOnForThoseThatNeedIt) {
  options_.sequence_lengths = {4};
  options_.target_precision = 0.1;
  options_.num_tokens_to_generate = {1};
  test::FakeBehaviour noisy{.first_token_ns = 1'000'000};
  noisy.before_token = [](int call, std::int64_t) {
    if (call < 12 && call % 2 == 0) test::work_for(3'000'000);  // every other one of the first ten takes 4 ms
  };
  add(noisy, "noisy");
  add({.first_token_ns = 2'000'000}, "steady");
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_GT(document(0).benchmark_scenarios[0].iterations.size(), 10U);
  EXPECT_GE(document(1).benchmark_scenarios[0].iterations.size(), 6U) << "fewer have no interval";
  EXPECT_EQ(document(0).benchmark_scenarios[0].metadata.procedure.target_precision, 0.1);
}

TEST_F(RoundsTest, BudgetIsUsedAndNotExceeded) {
  add({.first_token_ns = 5'000'000});
  options_.sequence_lengths = {4, 8};
  options_.num_tokens_to_generate = {1};
  options_.budget_ns = 1'000'000'000;
  const std::int64_t start_ns = monotonic_now_ns();
  EXPECT_EQ(run().exit_status, 0);
  const std::int64_t took_ns = monotonic_now_ns() - start_ns;
  EXPECT_GT(took_ns, 900'000'000);
  EXPECT_GT(turns().size(), 20U);
  EXPECT_EQ(document().benchmark_scenarios[0].metadata.procedure.budget_seconds, 1);
}

TEST_F(RoundsTest, WhatTheBudgetDoesNotReachIsSkipped) {
  add({.first_token_ns = 50'000'000});
  options_.num_tokens_to_generate = {1};
  options_.schedule = Schedule::sequential;
  options_.budget_ns = 1;
  EXPECT_EQ(run().exit_status, 0);
  const auto scenarios = document().benchmark_scenarios;
  for (const ScenarioResult& scenario : scenarios) {
    EXPECT_EQ(scenario.status, ScenarioStatus::skipped);
    EXPECT_THAT(*scenario.error, HasSubstr("--budget"));
    EXPECT_THAT(scenario.iterations, IsEmpty());
  }
}

TEST_F(RoundsTest, WhatBoundsAProcessNeedsOne) {
  add();
  options_.timeout_ns = 1;
  EXPECT_THAT(test::error_text<UsageError>([&] { run(); }), HasSubstr("--isolation process"));
  options_.timeout_ns.reset();
  options_.isolation = Isolation::process;
  EXPECT_THAT(test::error_text<UsageError>([&] { run(); }), HasSubstr("no program"));
}

}  // namespace
}  // namespace bv2
