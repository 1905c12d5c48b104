// What is shown while a run goes on: a bar with the time left on a terminal, lines where there is none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/console.h"
#include "base/clock.h"
#include "framework/run_observer.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace bv2::app {

/// Guesses how long a run still takes from what it has taken: a mean iteration for each that is left, and for
/// each scenario that is left what came before the first iteration of the others.
class TimeLeft {
 public:
  /// All scenarios are taken to have equally many of the iterations.
  void run_started(std::int64_t scenarios, std::int64_t iterations);
  void scenario_started(std::int64_t index, std::int64_t now_ns);
  void iteration_finished(std::int64_t index, double latency_seconds, std::int64_t now_ns);
  /// Iterations that the scenario did not come to are not waited for.
  void scenario_finished(std::int64_t index);

  /// Missing before the first iteration.
  [[nodiscard]] std::optional<double> seconds() const;
  /// Share of the iterations that are done, 0 to 1.
  [[nodiscard]] double share_done() const;

 private:
  struct Scenario {
    std::int64_t left = 0;  // iterations
    std::int64_t done = 0;
    double seconds = 0;  // of those that are done
    std::int64_t start_ns = 0;
    bool prepared = false;
  };

  std::vector<Scenario> scenarios_;
  std::int64_t preparations_ = 0;
  double preparation_seconds_ = 0;
};

/// "0:42", "12:05", "1:02:03".
std::string format_duration(double seconds);

/// Shows a run's progress on the console and in the log. Where there is no terminal, a scenario gets a line
/// when it begins and when it ends, and in between one at most every ten seconds.
class Progress : public RunObserver {
 public:
  Progress(Console& console, std::shared_ptr<spdlog::logger> log,
           std::function<std::int64_t()> now_ns = monotonic_now_ns);

  void run_started(std::int64_t scenarios, std::int64_t iterations) override;
  void reference_started(std::string_view benchmark) override;
  void scenario_started(std::int64_t index, std::string_view benchmark, std::string_view scenario) override;
  void step_started(std::int64_t index, ScenarioStep step) override;
  void iteration_finished(std::int64_t index, ScenarioStep step, std::int64_t done, std::int64_t of,
                          double latency_seconds) override;
  void scenario_finished(std::int64_t index, std::string_view benchmark,
                         const ScenarioResult& result) override;
  void worker_output(std::int64_t index, std::string_view line) override;
  void document_written(const std::filesystem::path& path) override;
  void problem(std::string_view line) override;

  /// Takes the bar away.
  void clear() { console_.status({}); }

 private:
  void show(std::int64_t index, std::string_view step);
  /// "[2/5]"
  [[nodiscard]] std::string number(std::int64_t index) const;

  Console& console_;
  std::shared_ptr<spdlog::logger> log_;
  std::function<std::int64_t()> now_ns_;
  TimeLeft time_left_;
  std::int64_t scenarios_ = 0;
  std::map<std::int64_t, std::string> titles_;  // by index
  std::int64_t last_line_ns_ = 0;
};

}  // namespace bv2::app
