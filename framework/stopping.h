// When a scenario has been measured enough, and who is measured next when time is short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bv2 {

/// Of iterations of a scenario in one launch, whatever the precision: a series that does not settle must end.
constexpr std::int64_t most_iterations_for_precision = 1000;

/// Fewer make no interval that is worth stopping for: that of two values which happen to lie close is narrow.
constexpr std::size_t fewest_iterations_for_precision = 6;

/// What the user asked for.
struct StoppingOptions {
  double target_precision = 0;  ///< relative half-width of the confidence interval of the median; 0: none
  std::int64_t budget_ns = 0;   ///< for all that is asked about; 0: none
};

/// One scenario as far as it is measured.
struct MeasuredSoFar {
  std::span<const double> latency_seconds;  ///< of all iterations
  /// Half of the 95% interval of the median latency, relative to it, as results have it.
  std::function<std::optional<double>()> precision{};
  std::int64_t iterations_in_launch = 0;  ///< measured in the present launch
  std::int64_t least_iterations = 1;      ///< of a launch
};

/// Fixed: every scenario gets its `least_iterations`. With a target precision it then goes on until the
/// interval is that narrow. With a budget, what is left of it after the least iterations goes, one iteration
/// at a time, to the scenario whose interval is widest; no iteration begins that would probably end too late,
/// but for the first of a scenario.
class StoppingRule {
 public:
  explicit StoppingRule(const StoppingOptions& options) : options_(options) {}

  /// Those that take part in the next round, by their places in `scenarios`; none: all is done. `left_ns` is
  /// what is left of the budget.
  [[nodiscard]] std::vector<std::size_t> next_round(std::span<const MeasuredSoFar> scenarios,
                                                    std::int64_t left_ns) const;

 private:
  [[nodiscard]] bool in_time(const MeasuredSoFar& scenario, std::int64_t left_ns) const;
  [[nodiscard]] bool wants_precision(const MeasuredSoFar& scenario) const;

  StoppingOptions options_;
};

}  // namespace bv2
