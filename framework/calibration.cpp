// The tool measured by itself.
#include "framework/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <span>

#include "base/clock.h"
#include "framework/monitors/iteration_monitor.h"
#include "framework/percentile.h"
#include "framework/token_timeline.h"
#include "framework/worker/local_monitors.h"

namespace bv2 {
namespace {

constexpr double tolerated_rate = 0.05;
constexpr double tolerated_error_ns = 1000;
constexpr std::int64_t first_token_ns = 5'000'000;
constexpr std::int64_t next_token_ns = 1'000'000;
constexpr std::int64_t known_tokens = 20;

double worst_of(const std::vector<double>& values) {
  double worst = 0;
  for (const double value : values) worst = std::max(worst, std::abs(value));
  return worst;
}

void wait_until(std::int64_t due_ns) {
  while (monotonic_now_ns() < due_ns) {
  }
}

void add(FalseVerdicts& result, Verdict verdict) {
  constexpr std::array counters{&FalseVerdicts::faster, &FalseVerdicts::slower, &FalseVerdicts::equivalent,
                                &FalseVerdicts::inconclusive};
  ++(result.*counters.at(static_cast<std::size_t>(verdict)));
}

/// A monitor, or several, that can be put around an iteration.
class SwitchedMonitor {
 public:
  SwitchedMonitor(std::string name, const MonitorNames& monitors)
      : name_(std::move(name)),
        edges_(MonitoredSystem::of_this_process(), monitors),
        open_{.monitors = monitors} {
    has_edges_ = !edges_.names().empty();
    // What has nothing to sample here needs no thread.
    has_samples_ =
        std::ranges::any_of(LocalMonitors().reply_to(open_).monitors,
                            [](const MonitorReport& report) { return report.status == MonitorStatus::on; });
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool available() const { return has_edges_ || has_samples_; }

  /// The readings alone.
  void read_edges() {
    edges_.begin();
    edges_.end();
  }
  void begin() {
    if (has_samples_) {
      samplers_ = std::make_unique<LocalMonitors>();
      samplers_->reply_to(open_);
    }
    edges_.begin();
  }
  void end() {
    edges_.end();
    samplers_.reset();
  }

 private:
  std::string name_;
  IterationMonitor edges_;
  OpenMonitorsRequest open_;
  bool has_edges_ = false;
  bool has_samples_ = false;
  std::unique_ptr<LocalMonitors> samplers_;
};

/// Those that this system has, and all of them together as the last.
std::vector<SwitchedMonitor> switched_monitors() {
  std::vector<SwitchedMonitor> all;
  for (const std::string& name : all_monitor_names()) {
    SwitchedMonitor monitor(name, {name});
    if (monitor.available()) all.push_back(std::move(monitor));
  }
  all.emplace_back("all together", all_monitor_names());
  return all;
}

/// Seconds of each monitor's iterations by round; those without any are the last.
std::vector<std::vector<double>> alternate(std::span<SwitchedMonitor> switched, const TimedIteration& iterate,
                                           const MonitorMeasurement& how, const InterruptFlag& interrupt,
                                           const std::function<void(std::size_t)>& progress) {
  std::mt19937_64 random(how.seed);
  std::vector<std::vector<double>> seconds(switched.size() + 1);
  std::vector<std::size_t> order(seconds.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t round = 0; round < how.rounds; ++round) {
    std::ranges::shuffle(order, random);
    for (const std::size_t way : order) {
      interrupt.throw_if_raised();
      const bool none = way == switched.size();
      if (!none) switched[way].begin();
      seconds[way].push_back(iterate());
      if (!none) switched[way].end();
    }
    if (progress) progress(round + 1);
  }
  return seconds;
}

template <class Work>
double median_ns_of(std::size_t repetitions, Work&& work) {
  std::vector<double> durations;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const std::int64_t start_ns = monotonic_now_ns();
    work();
    durations.push_back(static_cast<double>(monotonic_now_ns() - start_ns));
  }
  return median_if_any(std::move(durations)).value_or(0);
}

}  // namespace

double FalseVerdicts::rate() const {
  return comparisons == 0 ? 0 : static_cast<double>(faster + slower) / static_cast<double>(comparisons);
}

FalseVerdicts compare_repeatedly(const TimedIteration& base, const TimedIteration& other,
                                 const RepeatedComparison& how, const InterruptFlag& interrupt,
                                 const std::function<void(std::size_t)>& progress) {
  std::mt19937_64 random(how.seed);
  FalseVerdicts result;
  result.iterations = how.iterations;
  std::vector<double> detectable;
  for (std::size_t comparison = 0; comparison < how.comparisons; ++comparison) {
    std::vector<double> base_seconds;
    std::vector<double> other_seconds;
    for (std::size_t i = 0; i < how.iterations; ++i) {
      interrupt.throw_if_raised();
      const bool base_first = (random() & 1U) == 0;
      if (base_first) base_seconds.push_back(base());
      other_seconds.push_back(other());
      if (!base_first) base_seconds.push_back(base());
    }
    const Judgement judgement = judge(paired_effect(base_seconds, other_seconds), {});
    add(result, judgement.verdict);
    detectable.push_back(judgement.detectable_percent.value_or(0));
    ++result.comparisons;
    if (progress) progress(result.comparisons);
  }
  result.median_detectable_percent = median_if_any(std::move(detectable)).value_or(0);
  return result;
}

TimingErrors measure_timing_errors(std::size_t iterations, const InterruptFlag& interrupt) {
  TokenTimeline timeline(1, known_tokens, interrupt);
  const std::vector<std::int64_t> id{1};
  std::vector<double> first_token;
  std::vector<double> inter_token;
  for (std::size_t i = 0; i < iterations; ++i) {
    std::vector<std::int64_t> given_ns;
    given_ns.reserve(known_tokens);
    timeline.start();
    const std::int64_t start_ns = monotonic_now_ns();
    for (std::int64_t token = 0; token < known_tokens; ++token) {
      wait_until(start_ns + first_token_ns + token * next_token_ns);
      given_ns.push_back(monotonic_now_ns());
      timeline.on_tokens(id);
    }
    const IterationTimes times{1, 1, timeline.start_ns(), timeline.token_ns()};
    const auto measured_ns = [&](std::string_view name) {
      return *std::ranges::find(metrics(ModelKind::decoder), name, &Metric::name)->value(times) * 1e9;
    };
    first_token.push_back(measured_ns("time_to_first_token") -
                          static_cast<double>(given_ns.front() - start_ns));
    inter_token.push_back(measured_ns("inter_token_latency") -
                          static_cast<double>(given_ns.back() - given_ns.front()) / (known_tokens - 1));
  }
  return {.iterations = iterations,
          .first_token_median_ns = median_if_any(first_token).value_or(0),
          .first_token_worst_ns = worst_of(first_token),
          .inter_token_median_ns = median_if_any(inter_token).value_or(0),
          .inter_token_worst_ns = worst_of(inter_token)};
}

std::vector<MonitorCost> measure_monitor_costs(const TimedIteration& iterate, const MonitorMeasurement& how,
                                               const InterruptFlag& interrupt,
                                               const std::function<void(std::size_t)>& progress) {
  std::vector<SwitchedMonitor> switched = switched_monitors();
  std::vector<MonitorCost> costs;
  for (SwitchedMonitor& monitor : switched) {
    costs.push_back({monitor.name(), median_ns_of(how.repetitions, [&] { monitor.read_edges(); })});
  }
  const auto seconds = alternate(switched, iterate, how, interrupt, progress);
  const double confidence = corrected_confidence({.comparisons = switched.size()});
  for (std::size_t i = 0; i < switched.size(); ++i) {
    const std::optional<Effect> effect = paired_effect(seconds.back(), seconds[i]);
    if (!effect) continue;
    const auto percent = [](double ratio) { return (ratio - 1) * 100; };
    const Interval interval = effect->interval(confidence);
    costs[i].latency_percent = percent(effect->ratio());
    costs[i].latency_percent_ci95 = Interval{percent(interval[0]), percent(interval[1])};
  }
  return costs;
}

namespace {

/// What monitors may add without anybody minding.
constexpr double negligible_percent = 1;

std::string monitor_verdict(const MonitorCost& all) {
  const std::string took =
      fmt::format("all monitors together take {:.0f} µs an iteration, before and after what is timed",
                  all.median_ns * 1e-3);
  if (!all.latency_percent_ci95) return fmt::format("Monitors: {}.", took);
  const auto [low, high] = *all.latency_percent_ci95;
  const std::string effect = fmt::format("{:+.2f}% [{:+.2f}, {:+.2f}]", *all.latency_percent, low, high);
  if (low > 0) return fmt::format("Monitors SLOW iterations here: by {}; {}.", effect, took);
  if (high >= negligible_percent) {
    return fmt::format(
        "Monitors: no effect was seen, but one of {:.2f}% would not have been: iterations with them took {} "
        "longer; {}.",
        high, effect, took);
  }
  return fmt::format("Monitors do not show: iterations with them took {} longer; {}.", effect, took);
}

}  // namespace

std::vector<std::string> calibration_verdicts(const Calibration& calibration) {
  const FalseVerdicts& found = calibration.false_verdicts;
  const TimingErrors& errors = calibration.timing_errors;
  std::vector<std::string> lines;
  lines.push_back(
      fmt::format("{}: {} of {} comparisons of {} with itself came out FASTER or SLOWER ({:.1f}%; up to 5% "
                  "is what the confidence "
                  "promises). With {} iterations each, half of them would have seen a difference of {:.1f}%.",
                  found.rate() <= tolerated_rate ? "Trustworthy" : "NOT trustworthy here",
                  found.faster + found.slower, found.comparisons, calibration.scenario, found.rate() * 100,
                  found.iterations, found.median_detectable_percent));
  const double worst_median =
      std::max(std::abs(errors.first_token_median_ns), std::abs(errors.inter_token_median_ns));
  lines.push_back(
      fmt::format("{}: the time to the first token is off by {:.0f} ns (at worst {:.0f} ns), the latency "
                  "between tokens by {:.0f} ns "
                  "(at worst {:.0f} ns).",
                  worst_median <= tolerated_error_ns ? "Times are right" : "Times are NOT right here",
                  errors.first_token_median_ns, errors.first_token_worst_ns, errors.inter_token_median_ns,
                  errors.inter_token_worst_ns));
  if (!calibration.monitor_costs.empty()) lines.push_back(monitor_verdict(calibration.monitor_costs.back()));
  return lines;
}

}  // namespace bv2
