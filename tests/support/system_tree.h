// A /proc and /sys of a test's own.
#pragma once

#include <fstream>
#include <map>
#include <string>

#include "framework/monitors/counter_source.h"
#include "support/temporary_folder.h"

namespace bv2::test {

class SystemTree {
 public:
  /// Writes (again, in place, as the kernel's files change under an open descriptor).
  void put(const std::string& path, const std::string& content) {
    const std::filesystem::path file = folder_.path() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::trunc) << content;
  }
  void remove(const std::string& path) { std::filesystem::remove_all(folder_.path() / path); }
  [[nodiscard]] MonitoredSystem system(std::vector<int> cpus = {0, 1}) const {
    return {.root = folder_.path(), .cpus = std::move(cpus)};
  }

 private:
  TemporaryFolder folder_;
};

/// What a source reads now, by name.
inline std::map<std::string, std::int64_t> values_of(CounterSource& source) {
  const auto counters = source.counters();
  std::vector<std::int64_t> values(counters.size(), -1);
  source.read(values);
  std::map<std::string, std::int64_t> named;
  for (std::size_t i = 0; i < counters.size(); ++i) named[std::string(counters[i].name)] = values[i];
  return named;
}

}  // namespace bv2::test
