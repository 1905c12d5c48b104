// What a run tells whoever watches it: progress bars, log lines and tables are made from this.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace bv2 {

struct ScenarioResult;

/// The steps of one scenario, in their order.
enum class ScenarioStep { load, prepare, check, warm_up, measure, profile };

/// Called by the runner's thread, never inside a timed iteration. Scenarios take turns: what each call is
/// about is its `index`, which counts from 0 over the whole run. Must not throw.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// `iterations` counts warm-up and measured ones of all scenarios, as far as they are known beforehand.
  virtual void run_started(std::int64_t /*scenarios*/, std::int64_t /*iterations*/) {}
  /// A reference that the benchmark's scenarios are held against is computed.
  virtual void reference_started(std::string_view /*benchmark*/) {}
  /// Once for each launch of the scenario.
  virtual void scenario_started(std::int64_t /*index*/, std::string_view /*benchmark*/,
                                std::string_view /*scenario*/) {}
  virtual void step_started(std::int64_t /*index*/, ScenarioStep /*step*/) {}
  virtual void iteration_finished(std::int64_t /*index*/, ScenarioStep /*step*/, std::int64_t /*done*/,
                                  std::int64_t /*of*/, double /*latency_seconds*/) {}
  virtual void scenario_finished(std::int64_t /*index*/, std::string_view /*benchmark*/,
                                 const ScenarioResult& /*result*/) {}
  /// A line that a scenario's process printed.
  virtual void worker_output(std::int64_t /*index*/, std::string_view /*line*/) {}
  /// A result document or the summary is on the disk.
  virtual void document_written(const std::filesystem::path& /*path*/) {}
  /// Something went wrong that does not end the run, such as a document that could not be written. One line.
  virtual void problem(std::string_view /*line*/) {}
};

}  // namespace bv2
