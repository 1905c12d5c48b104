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
constexpr std::array<std::string_view, 5> step_names{"load", "prepare", "check", "warm-up", "measure"};

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
  scenarios_ = std::max<std::int64_t>(scenarios, 1);
  iterations_ = iterations;
}

void TimeLeft::scenario_started(std::int64_t index, std::int64_t now_ns) {
  scenario_ = index;
  scenario_start_ns_ = now_ns;
  own_iterations_ = 0;
  own_seconds_ = 0;
}

void TimeLeft::iteration_finished(double latency_seconds, std::int64_t now_ns) {
  if (own_iterations_ == 0) {
    ++preparations_;
    const double so_far = static_cast<double>(now_ns - scenario_start_ns_) / ns_per_second;
    preparation_seconds_ += std::max(so_far - latency_seconds, 0.0);
  }
  ++own_iterations_;
  own_seconds_ += latency_seconds;
  ++timed_iterations_;
  timed_seconds_ += latency_seconds;
  ++done_;
}

void TimeLeft::scenario_finished() { done_ = std::max(done_, iterations_ * (scenario_ + 1) / scenarios_); }

std::optional<double> TimeLeft::seconds() const {
  if (timed_iterations_ == 0) return std::nullopt;
  const double mean = timed_seconds_ / static_cast<double>(timed_iterations_);
  const double own_mean = own_iterations_ > 0 ? own_seconds_ / static_cast<double>(own_iterations_) : mean;
  const std::int64_t left = std::max<std::int64_t>(iterations_ - done_, 0);
  const std::int64_t own_left =
      std::clamp<std::int64_t>(iterations_ * (scenario_ + 1) / scenarios_ - done_, 0, left);
  const double preparation = preparation_seconds_ / static_cast<double>(preparations_);
  return static_cast<double>(own_left) * own_mean + static_cast<double>(left - own_left) * mean +
         static_cast<double>(scenarios_ - scenario_ - 1) * preparation;
}

double TimeLeft::share_done() const {
  return iterations_ == 0 ? 0 : static_cast<double>(done_) / static_cast<double>(iterations_);
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

void Progress::scenario_started(std::int64_t index, std::string_view benchmark, std::string_view scenario) {
  index_ = index;
  title_ = fmt::format("{} {}", benchmark, scenario);
  time_left_.scenario_started(index, now_ns_());
  last_line_ns_ = now_ns_();
  log_->info("[{}/{}] {}", index + 1, scenarios_, title_);
}

void Progress::step_started(ScenarioStep step) {
  log_->debug("[{}/{}] {}", index_ + 1, scenarios_, step_name(step));
  show(step_name(step));
}

void Progress::iteration_finished(ScenarioStep step, std::int64_t done, std::int64_t of,
                                  double latency_seconds) {
  time_left_.iteration_finished(latency_seconds, now_ns_());
  const std::string text = fmt::format("{} {}/{}", step_name(step), done, of);
  log_->debug("[{}/{}] {}: {:.6g} s", index_ + 1, scenarios_, text, latency_seconds);
  show(text);
}

void Progress::scenario_finished(std::string_view /*benchmark*/, const ScenarioResult& result) {
  time_left_.scenario_finished();
  const bool success = result.status == ScenarioStatus::success;
  log_->log(success ? spdlog::level::info : spdlog::level::err, "[{}/{}] {}: {}", index_ + 1, scenarios_,
            title_, outcome(result));
}

void Progress::document_written(const std::filesystem::path& path) { log_->debug("wrote {}", path.string()); }

void Progress::problem(std::string_view line) { log_->error("{}", line); }

void Progress::show(std::string_view step) {
  const auto left = time_left_.seconds();
  const std::string time = left ? fmt::format("{} left", format_duration(*left)) : "";
  if (console_.terminal()) {
    console_.status(fmt::format("{} {:3.0f}% {:>11}  {}/{} {}: {}", progress_bar(time_left_.share_done()),
                                time_left_.share_done() * 100, time, index_ + 1, scenarios_, title_, step));
    return;
  }
  constexpr std::int64_t quiet_ns = 10'000'000'000;
  if (now_ns_() - last_line_ns_ < quiet_ns) return;
  last_line_ns_ = now_ns_();
  log_->info("[{}/{}] {}: {}{}{}", index_ + 1, scenarios_, title_, step, left ? ", " : "", time);
}

}  // namespace bv2::app
