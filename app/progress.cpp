// What is shown while a run goes on: a bar with the time left on a terminal, lines where there is none.
#include "app/progress.h"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "framework/result.h"

namespace bv2::app {
namespace {

constexpr double ns_per_second = 1e9;

/// In the order of ScenarioStep.
constexpr std::array<std::string_view, 6> step_names{"load", "prepare", "check", "warm-up", "measure", "trace"};

std::string_view step_name(ScenarioStep step) { return step_names.at(static_cast<std::size_t>(step)); }

/// What a finished scenario says of itself in one line.
std::string outcome(const ScenarioResult& result) {
  if (result.status != ScenarioStatus::success) {
    return fmt::format("{}: {}", enum_name(result.status), result.error.value_or("no reason was given"));
  }
  const auto median = [&](std::string_view name) {
    const Summary* summary = result.measurement(name);
    return summary == nullptr ? std::nullopt : summary->median;
  };
  std::string text = "success";
  if (const auto latency = median("latency")) text += fmt::format(", latency {:.4g} s", *latency);
  if (const auto token = median("inter_token_latency"))
    text += fmt::format(", {:.4g} ms a token", *token * 1e3);
  return text;
}

}  // namespace

std::string progress_bar(double share) {
  constexpr std::size_t length = 20;
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * length);
  return "[" + std::string(full, '#') + std::string(length - full, '.') + "]";
}

void TimeLeft::run_started(std::int64_t scenarios, std::int64_t iterations) {
  scenarios_.assign(static_cast<std::size_t>(std::max<std::int64_t>(scenarios, 1)), {});
  for (Scenario& scenario : scenarios_)
    scenario.left = iterations / static_cast<std::int64_t>(scenarios_.size());
}

void TimeLeft::scenario_started(std::int64_t index, std::int64_t now_ns) {
  Scenario& scenario = scenarios_.at(static_cast<std::size_t>(index));
  scenario.start_ns = now_ns;
  scenario.prepared = false;
}

void TimeLeft::iteration_finished(std::int64_t index, double latency_seconds, std::int64_t now_ns) {
  Scenario& scenario = scenarios_.at(static_cast<std::size_t>(index));
  if (!std::exchange(scenario.prepared, true)) {
    ++preparations_;
    const double so_far = static_cast<double>(now_ns - scenario.start_ns) / ns_per_second;
    preparation_seconds_ += std::max(so_far - latency_seconds, 0.0);
  }
  ++scenario.done;
  scenario.seconds += latency_seconds;
  scenario.left = std::max<std::int64_t>(scenario.left - 1, 0);
}

void TimeLeft::scenario_finished(std::int64_t index) {
  scenarios_.at(static_cast<std::size_t>(index)).left = 0;
}

std::optional<double> TimeLeft::seconds() const {
  if (preparations_ == 0) return std::nullopt;
  Scenario all;
  for (const Scenario& scenario : scenarios_) {
    all.done += scenario.done;
    all.seconds += scenario.seconds;
  }
  const double preparation = preparation_seconds_ / static_cast<double>(preparations_);
  double seconds = 0;
  for (const Scenario& scenario : scenarios_) {
    const Scenario& like = scenario.done > 0 ? scenario : all;
    seconds += static_cast<double>(scenario.left) * like.seconds / static_cast<double>(like.done);
    if (scenario.left > 0 && !scenario.prepared) seconds += preparation;
  }
  return seconds;
}

double TimeLeft::share_done() const {
  std::int64_t left = 0;
  std::int64_t done = 0;
  for (const Scenario& scenario : scenarios_) {
    left += scenario.left;
    done += scenario.done;
  }
  return left + done == 0 ? 0 : static_cast<double>(done) / static_cast<double>(left + done);
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
  constexpr std::int64_t hour = 3600;
  if (whole < hour) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / hour, whole % hour / 60, whole % 60);
}

Progress::Progress(Console& console, std::shared_ptr<spdlog::logger> log,
                   std::function<std::int64_t()> now_ns)
    : console_(console), log_(std::move(log)), now_ns_(std::move(now_ns)) {}

void Progress::run_started(std::int64_t scenarios, std::int64_t iterations) {
  scenarios_ = scenarios;
  time_left_.run_started(scenarios, iterations);
  log_->info("{} scenario{}, {} iterations", scenarios, scenarios == 1 ? "" : "s", iterations);
}

void Progress::reference_started(std::string_view benchmark) {
  log_->info("{}: computing the outputs in float32 that its scenarios are held against", benchmark);
  console_.status(fmt::format("{}: computing the reference", benchmark));
}

std::string Progress::number(std::int64_t index) const {
  return fmt::format("[{}/{}]", index + 1, scenarios_);
}

void Progress::scenario_started(std::int64_t index, std::string_view benchmark, std::string_view scenario) {
  titles_[index] = fmt::format("{} {}", benchmark, scenario);
  time_left_.scenario_started(index, now_ns_());
  last_line_ns_ = now_ns_();
  log_->info("{} {}", number(index), titles_[index]);
}

void Progress::step_started(std::int64_t index, ScenarioStep step) {
  log_->debug("{} {}", number(index), step_name(step));
  show(index, step_name(step));
}

void Progress::iteration_finished(std::int64_t index, ScenarioStep step, std::int64_t done, std::int64_t of,
                                  double latency_seconds) {
  time_left_.iteration_finished(index, latency_seconds, now_ns_());
  const std::string text = fmt::format("{} {}/{}", step_name(step), done, of);
  log_->debug("{} {}: {:.6g} s", number(index), text, latency_seconds);
  show(index, text);
}

void Progress::scenario_finished(std::int64_t index, std::string_view benchmark,
                                 const ScenarioResult& result) {
  time_left_.scenario_finished(index);
  const bool success = result.status == ScenarioStatus::success;
  log_->log(success ? spdlog::level::info : spdlog::level::err, "{} {} {}: {}", number(index), benchmark,
            result.scenario_name, outcome(result));
}

void Progress::worker_output(std::int64_t index, std::string_view line) {
  log_->info("{} printed: {}", number(index), line);
}

void Progress::document_written(const std::filesystem::path& path) { log_->debug("wrote {}", path.string()); }

void Progress::problem(std::string_view line) { log_->error("{}", line); }

void Progress::show(std::int64_t index, std::string_view step) {
  const auto left = time_left_.seconds();
  const std::string time = left ? fmt::format("{} left", format_duration(*left)) : "";
  if (console_.terminal()) {
    console_.status(fmt::format("{} {:3.0f}% {:>11}  {}/{} {}: {}", progress_bar(time_left_.share_done()),
                                time_left_.share_done() * 100, time, index + 1, scenarios_, titles_[index],
                                step));
    return;
  }
  constexpr std::int64_t quiet_ns = 10'000'000'000;
  if (now_ns_() - last_line_ns_ < quiet_ns) return;
  last_line_ns_ = now_ns_();
  log_->info("{} {}: {}{}{}", number(index), titles_[index], step, left ? ", " : "", time);
}

}  // namespace bv2::app
