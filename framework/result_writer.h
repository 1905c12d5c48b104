// Result documents on the disk: where they go, and that nothing measured is lost.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/result.h"
#include "framework/run_observer.h"

namespace bv2 {

/// Makes the folder and writes into it once, so that a run which could not leave its results ends before it
/// begins. Throws UsageError with the folder and the cause.
void check_output_folder(const std::filesystem::path& folder);

/// The name with everything but letters, digits, '.', '_' and '-' replaced by '_'; never empty, hidden or
/// longer than 100 bytes.
std::string safe_file_name(std::string_view name);

/// Makes an empty file under a name that nothing else has: FOLDER/STEM.json, or STEM-2.json, -3 ... where
/// that is taken, also by another process at this moment. `named` is told of a name before the file is made.
/// Throws Error naming the path and the cause.
std::filesystem::path new_file(const std::filesystem::path& folder, const std::string& stem,
                               const std::function<void(const std::filesystem::path&)>& named = {});

/// A JSON file of that name. Later writes replace the content.
class ResultFile {
 public:
  /// Told of a name before the file is made, so that whoever keeps it loses no file.
  using Named = std::function<void(const std::filesystem::path&)>;

  /// `path`: a name that it has already; else empty.
  ResultFile(std::filesystem::path folder, std::string stem, std::filesystem::path path = {},
             Named named = {});
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
  Named named_;
  bool written_ = false;
};

/// Keeps the document of one benchmark on the disk: with all scenarios that have ended, in the benchmark's
/// order, and the modes compared as far as they are there. A write that fails is told to the observer and
/// tried again with the next one, which has everything.
class DocumentKeeper {
 public:
  DocumentKeeper(ResultFile file, BenchmarkDocument document, std::size_t scenarios, RunObserver& observer);

  /// Takes the result of a scenario into the document.
  void add(std::size_t scenario, const ScenarioResult& result);
  /// Does nothing where all of it is on the disk.
  void write();

  /// Whether all that was added is on the disk.
  [[nodiscard]] bool complete() const { return complete_; }
  /// Whether each scenario was added, as a success or because it cannot be had here.
  [[nodiscard]] bool successful() const { return successes_ == scenarios_.size(); }
  /// Empty where nothing could be written.
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }

 private:
  ResultFile file_;
  BenchmarkDocument document_;
  std::vector<std::optional<ScenarioResult>> scenarios_;  ///< none: it has not ended
  std::size_t successes_ = 0;
  RunObserver* observer_;
  bool complete_ = true;  ///< what was added is written
};

}  // namespace bv2
