// Where the documents of a run go, and how they get there whole.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "framework/result.h"

namespace bv2 {

/// A name that every file system takes: letters, digits, dot, dash and underscore; other characters become
/// '_'.
std::string safe_file_name(std::string_view name);

/// Chooses the names of one run's documents and writes them. One thread.
class ResultWriter {
 public:
  /// Creates the folder and tries to write into it. Throws UsageError where that does not work: before
  /// anything is measured.
  ResultWriter(std::filesystem::path output_dir, std::chrono::system_clock::time_point now);

  /// OUTPUT_DIR/MODEL/MODEL_benchmark_YYYYMMDD_HHMMSS.json in local time, with -2, -3 ... where that name is
  /// taken: by a file, or by an earlier call.
  std::filesystem::path choose_document_path(std::string_view model_name,
                                             std::chrono::system_clock::time_point now);
  /// OUTPUT_DIR/benchmark_summary_YYYYMMDD_HHMMSS.json, likewise.
  [[nodiscard]] const std::filesystem::path& summary_path() const { return summary_path_; }
  [[nodiscard]] const std::filesystem::path& output_dir() const { return output_dir_; }

 private:
  std::filesystem::path output_dir_;
  std::filesystem::path summary_path_;
};

/// "20260115_143022" in local time.
std::string file_time(std::chrono::system_clock::time_point time);
/// "2026-01-15T14:30:22.123Z"
std::string iso_time(std::chrono::system_clock::time_point time);

}  // namespace bv2
