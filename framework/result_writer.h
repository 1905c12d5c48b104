// Result documents on the disk: where they go, and that nothing measured is lost.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "framework/result.h"
#include "framework/run_observer.h"

namespace bv2 {

/// Makes the folder and writes into it once, so that a run which could not leave its results ends before it
/// begins. Throws UsageError with the folder and the cause.
void check_output_folder(const std::filesystem::path& folder);

/// The name with everything but letters, digits, '.', '_' and '-' replaced by '_'; never empty, hidden or
/// longer than 100 bytes.
std::string safe_file_name(std::string_view name);

/// A JSON file under a name that nothing else has: FOLDER/STEM.json, or STEM-2.json, -3 ... where that is
/// taken, also by another process at this moment. Later writes replace the content.
class ResultFile {
 public:
  ResultFile(std::filesystem::path folder, std::string stem);
  /// Atomic and flushed to the disk. Throws Error naming the path and the cause; what was written before
  /// stays.
  void write(const Json& document);
  /// Empty until the first write.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void reserve();

  std::filesystem::path folder_;
  std::string stem_;
  std::filesystem::path path_;
};

/// Keeps the document of one benchmark on the disk while its scenarios run. A write that fails is told to
/// the observer and tried again with the next one, which has everything.
class DocumentKeeper {
 public:
  /// `interval_ns`: at least that long between two writes of a scenario that is under way.
  DocumentKeeper(ResultFile file, BenchmarkDocument document, std::int64_t interval_ns,
                 RunObserver& observer);

  /// Whether the interval since the last write is over.
  [[nodiscard]] bool due() const;
  void scenario_under_way(const ScenarioResult& so_far);
  void scenario_finished(const ScenarioResult& result);

  /// Whether all finished scenarios are on the disk.
  [[nodiscard]] bool complete() const { return complete_; }
  /// Empty where nothing could be written.
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }

 private:
  [[nodiscard]] bool write(const Json& document);

  ResultFile file_;
  Json document_;
  std::int64_t interval_ns_;
  RunObserver* observer_;
  std::int64_t next_write_ns_ = 0;
  bool complete_ = true;
};

}  // namespace bv2
