// The end of the warm-up: of series with a known one, of series without, and how often chance looks like one.
#include "framework/steady_state.h"

#include <gmock/gmock.h>

#include "support/series.h"

namespace bv2 {
namespace {

using test::Random;
using test::Series;

/// Share of `trials` series of which `is` holds.
template <class Draw, class Is>
double share(int trials, Draw&& draw, Is&& is) {
  int found = 0;
  for (int trial = 0; trial < trials; ++trial) found += is(find_steady_state(draw()));
  return static_cast<double>(found) / trials;
}

bool steady_from_0(const SteadyState& state) {
  return state.steadiness == Steadiness::steady && state.begin == 0U;
}

TEST(SteadyState, OfTooFewNothingIsSaid) {
  const auto state = find_steady_state(Series{3, 1, 1, 1, 1});
  EXPECT_EQ(state.steadiness, Steadiness::too_few);
  EXPECT_FALSE(state.begin);
}

TEST(SteadyState, EqualValuesAreSteady) { EXPECT_TRUE(steady_from_0(find_steady_state(Series(8, 2.0)))); }

TEST(SteadyState, StationarySeriesAreSteadyFromTheBegin) {
  Random random(1);
  for (const std::size_t count : {8U, 20U, 50U, 200U}) {
    EXPECT_GE(share(
                  400, [&] { return test::normal_series(count, random, 1, 0.02); }, steady_from_0),
              0.93)
        << count;
  }
}

TEST(SteadyState, DependentNeighboursAreNoChanges) {
  Random random(2);
  for (const std::size_t count : {50U, 200U}) {
    EXPECT_GE(share(
                  200, [&] { return test::autocorrelated_series(count, random, 0.5); }, steady_from_0),
              0.9)
        << count;
  }
}

TEST(SteadyState, OutliersAreNoChanges) {
  Random random(3);
  const auto with_outliers = [&] {
    Series series = test::normal_series(50, random, 1, 0.02);
    for (const std::size_t place : {7U, 20U, 21U, 44U}) series[place] *= 1.5;
    return series;
  };
  EXPECT_GE(share(300, with_outliers, steady_from_0), 0.93);
}

TEST(SteadyState, OneSlowIterationAtTheBeginIsWarmUp) {
  Random random(4);
  for (const std::size_t count : {6U, 8U, 30U}) {
    const auto slow_first = [&] {
      Series series = test::normal_series(count, random, 1, 0.01);
      series[0] = 1.5;
      return series;
    };
    EXPECT_GE(share(300, slow_first, [](const SteadyState& state) { return state.begin == 1U; }), 0.9)
        << count;
  }
}

TEST(SteadyState, AStepIsFound) {
  Random random(5);
  // Three values are little to tell a step of five standard deviations from dependent noise by.
  struct Row {
    std::size_t place;
    double least_share;
  };
  for (const auto [place, least_share] : {Row{3, 0.65}, Row{10, 0.93}, Row{25, 0.93}}) {
    for (const double before : {1.1, 0.9}) {
      const auto step = [&, place = place] {
        Series series = test::normal_series(40, random, 1, 0.02);
        for (std::size_t i = 0; i < place; ++i) series[i] *= before;
        return series;
      };
      const auto found = [place = place](const SteadyState& state) {
        return state.begin && *state.begin + 1 >= place && *state.begin <= place + 1;
      };
      EXPECT_GE(share(300, step, found), least_share) << place << ' ' << before;
    }
  }
}

TEST(SteadyState, ADecayEndsWhereItIsWithinTheTolerance) {
  Random random(6);
  const auto decay = [&] {
    Series series = test::normal_series(60, random, 1, 0.01);
    for (std::size_t i = 0; i < series.size(); ++i) series[i] += 0.5 * std::exp(-static_cast<double>(i) / 4);
    return series;
  };
  // Of 0.5 exp(-i / 4) 2% are left at i = 13.
  const auto found = [](const SteadyState& state) {
    return state.begin && *state.begin >= 6 && *state.begin <= 20;
  };
  EXPECT_GE(share(300, decay, found), 0.9);
}

TEST(SteadyState, AStepNearTheEndIsNoSteadyState) {
  Random random(7);
  const auto late_step = [&] {
    Series series = test::normal_series(40, random, 1, 0.02);
    for (std::size_t i = 34; i < 40; ++i) series[i] *= 1.2;
    return series;
  };
  EXPECT_GE(
      share(300, late_step, [](const SteadyState& s) { return s.steadiness == Steadiness::still_changing; }),
      0.95);
}

TEST(SteadyState, ADriftIsNoSteadyState) {
  Random random(8);
  const auto drift = [&] {
    Series series = test::normal_series(40, random, 1, 0.02);
    for (std::size_t i = 0; i < series.size(); ++i) series[i] *= 1 + 0.01 * static_cast<double>(i);
    return series;
  };
  // Where it is taken for a staircase, its last step begins late.
  EXPECT_GE(share(300, drift, [](const SteadyState& s) { return !s.begin; }), 0.75);
  EXPECT_EQ(share(300, drift, [](const SteadyState& s) { return s.begin && *s.begin < 13; }), 0);
}

TEST(SteadyState, DifferencesBelowTheToleranceAreNone) {
  Series series(40, 1.0);
  for (std::size_t i = 0; i < 20; ++i) series[i] = 1.015;
  EXPECT_TRUE(steady_from_0(find_steady_state(series)));
  EXPECT_EQ(find_steady_state(series, {.least_change = 0.005}).begin, 20U);
}

TEST(AfterWarmUp, PlacesAreOfWhatWasMeasured) {
  const SteadyState whole{
      .steadiness = Steadiness::steady, .begin = 5, .changes = {2, 3, 5}, .trend_percent = 1};
  const SteadyState measured = after_warm_up(whole, 3);
  EXPECT_EQ(measured.steadiness, Steadiness::steady);
  EXPECT_EQ(measured.begin, 2U);
  EXPECT_EQ(measured.changes, (std::vector<std::size_t>{2}));
  EXPECT_EQ(measured.trend_percent, 1);
  EXPECT_EQ(after_warm_up(whole, 8).begin, 0U) << "it was steady before";
  EXPECT_TRUE(after_warm_up(whole, 8).changes.empty());
  EXPECT_FALSE(after_warm_up({}, 3).begin);
}

}  // namespace
}  // namespace bv2
