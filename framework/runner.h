// Runs benchmarks and leaves their result documents.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "framework/engine_services.h"
#include "framework/machine_limits.h"
#include "framework/model_benchmark.h"
#include "framework/model_location.h"
#include "framework/run_observer.h"
#include "framework/run_options.h"
#include "framework/worker/worker_process.h"

namespace bv2 {

/// How a run ended.
struct RunOutcome {
  int exit_status = 0;  ///< 0 all succeeded, 1 something failed or could not be written, 130 interrupted
  std::vector<std::filesystem::path> documents;  ///< those that were written
  std::filesystem::path summary;                 ///< empty where it could not be written
};

/// What a run takes from outside; tests put their own here.
struct RunSurroundings {
  std::map<std::string, std::string> libraries;  ///< name -> version, for metadata.hardware_info
  LocateModel locate_model = locate_folder;
  std::filesystem::path system_root = "/";  ///< where /proc and /sys are
  /// Gives what scenarios are held against, with those probes and numbers of threads; called at most once,
  /// when the run is known to be possible. None: nothing.
  std::function<MachineLimits(std::span<const EngineServices* const>, std::vector<std::int64_t>)> limits{};
  /// Measures between rounds what moves, with the same, and raises what it finds too low (see
  /// raise_machine_limits). None: the limits stay what they are.
  std::function<bool(std::span<const EngineServices* const>, std::vector<std::int64_t>, MachineLimits&)>
      raise_limits{};
  std::chrono::nanoseconds limits_stand = std::chrono::seconds(10);  ///< at least, until that is asked
  std::function<std::chrono::system_clock::time_point()> wall_clock = std::chrono::system_clock::now;
  /// Where references are kept; empty: `references` in the output folder.
  std::filesystem::path reference_dir{};
  WorkerProgram worker{};  ///< for options.isolation process
  /// As in MonitoredSystem, for the monitors that sample.
  std::optional<std::map<std::string, std::string>> device_libraries{};
  /// Bytes that can still be taken; none: asks the system.
  std::function<std::optional<std::int64_t>()> available_memory_bytes{};
};

/// Runs every scenario that the options select, each in a process of its own unless options.isolation says
/// otherwise. Whatever happens to one becomes its result, and the others go on. Every iteration is in the
/// journal, OUTPUT_DIR/benchmark_run_STAMP/journal.jsonl, before the next begins; with options.resume the
/// newest journal that is not finished is gone on with. Throws UsageError before anything is measured for
/// options that cannot be met, for an output folder that cannot be written, and where there is nothing to
/// resume or only something else.
RunOutcome run(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks, const RunOptions& options,
               RunObserver& observer, const InterruptFlag& interrupt,
               const RunSurroundings& surroundings = {});

}  // namespace bv2
