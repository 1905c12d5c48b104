// The result documents that a command is given.
#include "framework/document_files.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <set>
#include <thread>

namespace bv2 {
namespace {

namespace fs = std::filesystem;

bool is_document_name(const fs::path& path) {
  return path.extension() == ".json" && path.filename().string().find("_benchmark_") != std::string::npos;
}

/// A folder may be named with and without what it lies in.
std::vector<fs::path> paths_of_all(std::span<const fs::path> operands) {
  std::vector<fs::path> paths;
  std::set<fs::path> seen;
  for (const fs::path& operand : operands) {
    for (fs::path& path : document_paths(operand)) {
      if (seen.insert(fs::weakly_canonical(path)).second) paths.push_back(std::move(path));
    }
  }
  return paths;
}

std::string timestamp_of(const BenchmarkDocument& document) {
  const auto& scenarios = document.benchmark_scenarios;
  return scenarios.empty() ? std::string() : scenarios.front().metadata.timestamp;
}

}  // namespace

std::vector<fs::path> document_paths(const fs::path& operand) {
  std::error_code error;
  if (fs::is_regular_file(operand, error)) return {operand};
  if (!fs::is_directory(operand, error)) {
    fail<UsageError>("'{}' is neither a result document nor a folder of them", operand.string());
  }
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(operand)) {
    if (entry.is_regular_file() && is_document_name(entry.path())) paths.push_back(entry.path());
  }
  if (paths.empty()) fail<UsageError>("'{}' has no result documents (*_benchmark_*.json)", operand.string());
  std::ranges::sort(paths);
  return paths;
}

std::vector<DocumentFile> read_documents(std::span<const fs::path> operands) {
  const std::vector<fs::path> paths = paths_of_all(operands);
  std::vector<DocumentFile> files(paths.size());
  std::vector<std::exception_ptr> failures(paths.size());
  std::atomic<std::size_t> next{0};
  const auto read = [&] {
    for (std::size_t i = next++; i < paths.size(); i = next++) {
      try {
        files[i] = {paths[i], read_benchmark_document(paths[i])};
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  {
    const std::size_t threads = std::min<std::size_t>(std::thread::hardware_concurrency(), paths.size());
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(read);
    read();
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  std::ranges::stable_sort(files, {}, [](const DocumentFile& file) { return timestamp_of(file.document); });
  return files;
}

}  // namespace bv2
