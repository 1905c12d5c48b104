// Which processes a test has started, directly or not.
#include "support/processes.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace bv2::test {

ProcessMark::ProcessMark() {
  static int marks = 0;
  mark_ = "BV2_TEST_MARK=" + std::to_string(::getpid()) + "_" + std::to_string(++marks) + "_";
}

std::vector<pid_t> ProcessMark::processes() const {
  std::vector<pid_t> found;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "environ");
    const std::string environment{std::istreambuf_iterator<char>(file), {}};
    if (environment.find(mark_) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

}  // namespace bv2::test
