// Result documents on the disk.
#include "framework/result_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "framework/mode_comparison.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

/// Makes an empty file; false where the name is taken.
bool create_new(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd >= 0) {
    ::close(fd);
    return true;
  }
  if (errno == EEXIST) return false;
  fail("cannot write '{}': {}", path.string(), std::strerror(errno));
}

}  // namespace

void check_output_folder(const fs::path& folder) {
  const fs::path probe = folder / fmt::format(".benchmark_v2_{}", ::getpid());
  try {
    write_file_atomically(probe, "writable\n");
  } catch (const Error& error) {
    fail<UsageError>("--output-dir '{}' cannot be written to: {}", folder.string(), error.what());
  }
  std::error_code ignored;
  fs::remove(probe, ignored);
}

std::string safe_file_name(std::string_view name) {
  constexpr std::size_t longest = 100;
  std::string safe(name.substr(0, longest));
  for (char& c : safe) {
    if (!is_safe(c)) c = '_';
  }
  if (safe.empty()) return "model";
  if (safe.front() == '.') safe.front() = '_';
  return safe;
}

fs::path new_file(const fs::path& folder, const std::string& stem,
                  const std::function<void(const fs::path&)>& named) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail("cannot create the folder '{}': {}", folder.string(), error.message());
  for (int number = 1;; ++number) {
    fs::path path = folder / (number == 1 ? stem + ".json" : fmt::format("{}-{}.json", stem, number));
    if (fs::exists(path)) continue;
    if (named) named(path);
    if (create_new(path)) return path;
  }
}

ResultFile::ResultFile(fs::path folder, std::string stem, fs::path path, Named named)
    : folder_(std::move(folder)),
      stem_(std::move(stem)),
      path_(std::move(path)),
      named_(std::move(named)),
      written_(!path_.empty()) {}

void ResultFile::reserve() {
  if (path_.empty()) path_ = new_file(folder_, stem_, named_);
}

void ResultFile::write(const Json& document) {
  const std::string text = json_text(document);
  reserve();
  try {
    write_file_atomically(path_, text);
    written_ = true;
  } catch (const Error&) {
    if (!written_) {  // an empty file is no document
      std::error_code ignored;
      fs::remove(std::exchange(path_, {}), ignored);
    }
    throw;
  }
}

DocumentKeeper::DocumentKeeper(ResultFile file, BenchmarkDocument document, std::size_t scenarios,
                               RunObserver& observer)
    : file_(std::move(file)), document_(std::move(document)), scenarios_(scenarios), observer_(&observer) {}

void DocumentKeeper::add(std::size_t scenario, const ScenarioResult& result) {
  scenarios_.at(scenario) = result;
  complete_ = false;
  const bool success = result.status == ScenarioStatus::success || result.status == ScenarioStatus::skipped;
  if (success) ++successes_;
}

void DocumentKeeper::write() {
  if (complete_) return;
  document_.benchmark_scenarios.clear();
  for (const std::optional<ScenarioResult>& scenario : scenarios_) {
    if (scenario) document_.benchmark_scenarios.push_back(*scenario);
  }
  document_.comparisons = compare_modes(document_.benchmark_scenarios);
  try {
    file_.write(to_json(document_));
    complete_ = true;
    observer_->document_written(file_.path());
  } catch (const Error& error) {
    observer_->problem(error.what());
  }
}

}  // namespace bv2
