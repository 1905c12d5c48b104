// Result documents on the disk.
#include "framework/result_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/file.h"

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

ResultFile::ResultFile(fs::path folder, std::string stem)
    : folder_(std::move(folder)), stem_(std::move(stem)) {}

void ResultFile::reserve() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) fail("cannot create the folder '{}': {}", folder_.string(), error.message());
  fs::path path = folder_ / (stem_ + ".json");
  for (int number = 2; !create_new(path); ++number) path = folder_ / fmt::format("{}-{}.json", stem_, number);
  path_ = path;
}

void ResultFile::write(const Json& document) {
  const std::string text = json_text(document);
  const bool first = path_.empty();
  if (first) reserve();
  try {
    write_file_atomically(path_, text);
  } catch (const Error&) {
    if (first) {  // an empty file is no document
      std::error_code ignored;
      fs::remove(std::exchange(path_, {}), ignored);
    }
    throw;
  }
}

DocumentKeeper::DocumentKeeper(ResultFile file, BenchmarkDocument document, std::int64_t interval_ns,
                               RunObserver& observer)
    : file_(std::move(file)), document_(to_json(document)), interval_ns_(interval_ns), observer_(&observer) {}

bool DocumentKeeper::write(const Json& document) {
  try {
    file_.write(document);
    return true;
  } catch (const Error& error) {
    observer_->problem(error.what());
    return false;
  }
}

bool DocumentKeeper::due() const { return monotonic_now_ns() >= next_write_ns_; }

void DocumentKeeper::scenario_under_way(const ScenarioResult& so_far) {
  Json document = document_;
  document["benchmark_scenarios"].push_back(to_json(so_far));
  static_cast<void>(write(document));  // the end of the scenario writes it again
  next_write_ns_ = monotonic_now_ns() + interval_ns_;
}

void DocumentKeeper::scenario_finished(const ScenarioResult& result) {
  document_["benchmark_scenarios"].push_back(to_json(result));
  complete_ = write(document_);
  next_write_ns_ = 0;
  if (complete_) observer_->document_written(file_.path());
}

}  // namespace bv2
