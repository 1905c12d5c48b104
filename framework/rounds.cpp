// The measuring itself: passes, groups, rounds.
#include "framework/rounds.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace bv2 {
namespace {

/// Lets all workers of a group go, also when the user ends the run.
class Retiring {
 public:
  explicit Retiring(const std::vector<ScenarioRun*>& group) : group_(group) {}
  ~Retiring() {
    for (ScenarioRun* scenario : group_) scenario->retire();
  }
  Retiring(const Retiring&) = delete;
  Retiring& operator=(const Retiring&) = delete;

 private:
  const std::vector<ScenarioRun*>& group_;
};

std::int64_t left_until(std::int64_t end_ns) { return end_ns - monotonic_now_ns(); }

/// Of the time until `end_ns`, what `part` of `whole` may have.
std::int64_t share_of_time(std::int64_t end_ns, std::size_t part, std::size_t whole) {
  const std::int64_t now_ns = monotonic_now_ns();
  const double share = static_cast<double>(part) / static_cast<double>(std::max(part, whole));
  return now_ns + static_cast<std::int64_t>(static_cast<double>(end_ns - now_ns) * share);
}

}  // namespace

Rounds::Rounds(std::span<ScenarioRun> scenarios, RoundOptions options)
    : scenarios_(scenarios), options_(std::move(options)), rule_(options_.stopping) {
  for (const ScenarioRun& scenario : scenarios_) {
    order_ += scenario.iterations();
    round_ = std::max(round_, scenario.last_round() + 1);
  }
}

void Rounds::run() {
  for (std::int64_t pass = 0; pass < options_.passes; ++pass) run_pass(pass);
}

void Rounds::run_pass(std::int64_t pass) {
  Group waiting;
  for (ScenarioRun& scenario : scenarios_) {
    if (!scenario.ended() && scenario.last_pass() <= pass) waiting.push_back(&scenario);
  }
  const std::size_t later = waiting.size() * static_cast<std::size_t>(options_.passes - pass - 1);
  std::span<ScenarioRun* const> queue = waiting;
  while (!queue.empty()) {
    const std::size_t still_to_do = queue.size() + later;
    Group group;
    const Retiring retiring(group);
    launch_group(queue, pass, group);
    measure(group, pass, share_of_time(options_.budget_end_ns, group.size(), still_to_do));
    if (pass + 1 < options_.passes) continue;
    for (ScenarioRun* scenario : group) {
      if (!scenario->ended()) finish(*scenario);
    }
  }
}

void Rounds::launch_group(std::span<ScenarioRun* const>& queue, std::int64_t pass, Group& group) {
  while (!queue.empty()) {
    const bool alone = group.empty();
    if (!alone && (options_.schedule == Schedule::sequential || !another_fits())) return;
    group.push_back(queue.front());
    queue = queue.subspan(1);
    launch(*group.back(), pass);
  }
}

void Rounds::launch(ScenarioRun& scenario, std::int64_t pass) {
  const std::int64_t left_ns = left_until(options_.budget_end_ns);
  const MeasuredSoFar measured = scenario.measured(pass);
  if (rule_.next_round({&measured, 1}, left_ns).empty()) return;  // a resumed run may have no more to do
  if (options_.stopping.budget_ns > 0 && left_ns <= 0) {
    scenario.skip("the time of --budget was used up before it began");
  } else {
    scenario.launch(pass);
  }
  if (scenario.ended()) options_.ended(scenario);
}

bool Rounds::another_fits() const {
  const auto available_bytes = options_.available_memory_bytes();
  if (!available_bytes) return true;
  // What the largest so far took is the best guess for one that was not seen yet. A tenth more: it may be
  // somewhat larger, and the system needs some for itself.
  std::int64_t needed_bytes = 0;
  for (const ScenarioRun& scenario : scenarios_) {
    needed_bytes = std::max(needed_bytes, scenario.peak_bytes().value_or(0));
  }
  return needed_bytes + needed_bytes / 10 <= *available_bytes;
}

void Rounds::measure(const Group& group, std::int64_t pass, std::int64_t budget_end_ns) {
  // A round that was interrupted goes on with those that had no turn in it.
  const bool resumed = std::ranges::any_of(group, [&](ScenarioRun* scenario) {
    return scenario->last_round() == round_ - 1 && scenario->measured(pass).iterations_in_launch > 0;
  });
  if (resumed) --round_;
  for (;; ++round_) {
    const Group present = taking_part(group, pass, budget_end_ns);
    if (present.empty()) return;
    for (ScenarioRun* scenario : present) {
      if (scenario->last_round() != round_) take_turn(*scenario);
    }
    options_.round_done();
  }
}

Rounds::Group Rounds::taking_part(const Group& group, std::int64_t pass, std::int64_t budget_end_ns) const {
  Group able;
  std::vector<MeasuredSoFar> measured;
  for (ScenarioRun* scenario : group) {
    if (scenario->ended()) continue;
    able.push_back(scenario);
    measured.push_back(scenario->measured(pass));
  }
  Group present;
  for (const std::size_t place : rule_.next_round(measured, left_until(budget_end_ns))) {
    present.push_back(able[place]);
  }
  std::ranges::sort(present, {}, [&](const ScenarioRun* scenario) {
    return place_in_round(options_.seed, round_, scenario->index());
  });
  return present;
}

void Rounds::take_turn(ScenarioRun& scenario) {
  scenario.iterate(order_, round_);
  if (scenario.ended()) {
    options_.ended(scenario);
  } else {
    ++order_;
  }
}

void Rounds::finish(ScenarioRun& scenario) {
  scenario.profile();
  scenario.end(ScenarioStatus::success);
  options_.ended(scenario);
}

}  // namespace bv2
