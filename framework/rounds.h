// The measuring itself: passes over all scenarios, in each of them groups that fit into memory together, in
// each of those rounds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "framework/scenario_run.h"
#include "framework/schedule.h"
#include "framework/stopping.h"

namespace bv2 {

struct RoundOptions {
  Schedule schedule = Schedule::interleaved;
  std::uint64_t seed = 0;
  std::int64_t passes = 1;  ///< --launches: each scenario is launched anew in each
  StoppingOptions stopping;
  std::int64_t budget_end_ns = 0;  ///< when the budget is used up, on the clock of base/clock.h
  /// Bytes that can still be taken; missing where the system does not tell.
  std::function<std::optional<std::int64_t>()> available_memory_bytes;
  /// Called after each round: no worker does anything then.
  std::function<void()> round_done = [] {};
  /// Called once for each scenario when it has ended.
  std::function<void(const ScenarioRun&)> ended;
};

/// Measures until every scenario has ended. Scenarios may have been measured in part. Throws Interrupted; no
/// worker is left when it returns or throws.
class Rounds {
 public:
  Rounds(std::span<ScenarioRun> scenarios, RoundOptions options);
  void run();

 private:
  using Group = std::vector<ScenarioRun*>;

  void run_pass(std::int64_t pass);
  /// Launches scenarios from the front of the queue, as many as fit.
  void launch_group(std::span<ScenarioRun* const>& queue, std::int64_t pass, Group& group);
  void launch(ScenarioRun& scenario, std::int64_t pass);
  [[nodiscard]] bool another_fits() const;
  void measure(const Group& group, std::int64_t pass, std::int64_t budget_end_ns);
  /// Those that take part in the present round, in its order; none: all are done.
  [[nodiscard]] Group taking_part(const Group& group, std::int64_t pass, std::int64_t budget_end_ns) const;
  void take_turn(ScenarioRun& scenario);
  void finish(ScenarioRun& scenario);

  std::span<ScenarioRun> scenarios_;
  RoundOptions options_;
  StoppingRule rule_;
  std::int64_t round_ = 0;
  std::int64_t order_ = 0;
};

}  // namespace bv2
