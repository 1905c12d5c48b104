// Where the documents of a run go.
#include "framework/result_writer.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "base/file.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// FOLDER/STEM.json, or FOLDER/STEM-2.json ... where that exists. Creates the folder.
fs::path take_free_path(const fs::path& folder, const std::string& stem) {
  std::error_code error;
  fs::create_directories(folder, error);
  for (int number = 1;; ++number) {
    const fs::path path = folder / (number == 1 ? stem + ".json" : fmt::format("{}-{}.json", stem, number));
    if (fs::exists(path, error)) continue;
    return path;
  }
}

}  // namespace

std::string safe_file_name(std::string_view name) {
  std::string safe(name);
  std::ranges::replace_if(
      safe,
      [](unsigned char c) { return !(std::isalnum(c) != 0 && c < 0x80) && c != '.' && c != '-' && c != '_'; },
      '_');
  constexpr std::size_t longest = 100;
  safe.resize(std::min(safe.size(), longest));
  const bool is_special = safe.empty() || safe == "." || safe == "..";
  return is_special ? "model" : safe;
}

std::string file_time(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y%m%d_%H%M%S}", fmt::localtime(std::chrono::system_clock::to_time_t(time)));
}

std::string iso_time(std::chrono::system_clock::time_point time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                     since_epoch.count() % 1000);
}

ResultWriter::ResultWriter(fs::path output_dir, std::chrono::system_clock::time_point now)
    : output_dir_(std::move(output_dir)) {
  const fs::path probe = output_dir_ / fmt::format(".write_test.{}", ::getpid());
  try {
    write_file_atomically(probe, "");
  } catch (const Error& error) {
    fail<UsageError>("--output-dir '{}' cannot be written ({}): choose another folder", output_dir_.string(),
                     error.what());
  }
  std::error_code ignored;
  fs::remove(probe, ignored);
  summary_path_ = take_free_path(output_dir_, "benchmark_summary_" + file_time(now));
}

fs::path ResultWriter::choose_document_path(std::string_view model_name,
                                            std::chrono::system_clock::time_point now) {
  const std::string name = safe_file_name(model_name);
  return take_free_path(output_dir_ / name, fmt::format("{}_benchmark_{}", name, file_time(now)));
}

}  // namespace bv2
