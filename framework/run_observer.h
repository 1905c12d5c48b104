// What a run tells whoever watches it: progress bars, log lines and tables are made from this.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace bv2 {

struct ScenarioResult;

/// The steps of one scenario, in their order.
enum class ScenarioStep { load, prepare, check, warm_up, measure };

/// Called by the runner's thread, never inside a timed iteration. Must not throw.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// `iterations` counts warm-up and measured ones of all scenarios.
  virtual void run_started(std::int64_t /*scenarios*/, std::int64_t /*iterations*/) {}
  /// `index` counts from 0 over the whole run.
  virtual void scenario_started(std::int64_t /*index*/, std::string_view /*benchmark*/,
                                std::string_view /*scenario*/) {}
  virtual void step_started(ScenarioStep /*step*/) {}
  virtual void iteration_finished(ScenarioStep /*step*/, std::int64_t /*done*/, std::int64_t /*of*/,
                                  double /*latency_seconds*/) {}
  virtual void scenario_finished(std::string_view /*benchmark*/, const ScenarioResult& /*result*/) {}
  /// A result document or the summary is on the disk.
  virtual void document_written(const std::filesystem::path& /*path*/) {}
  /// Something went wrong that does not end the run, such as a document that could not be written. One line.
  virtual void problem(std::string_view /*line*/) {}
};

}  // namespace bv2
