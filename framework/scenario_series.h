// The series of a scenario's metrics, as comparisons take them.
#pragma once

#include <string_view>
#include <vector>

#include "framework/effect.h"
#include "framework/result.h"

namespace bv2 {

/// A metric's values of each process launch: of iterations that count; finite and positive.
LaunchSeries launch_series(const ScenarioResult& scenario, std::string_view metric);

/// Values of a metric of the same rounds of one run, in their order.
struct PairedSeries {
  std::vector<double> base;
  std::vector<double> other;
};

/// Of the rounds that both scenarios of one run have exactly one value of.
PairedSeries paired_series(const ScenarioResult& base, const ScenarioResult& other, std::string_view metric);

}  // namespace bv2
