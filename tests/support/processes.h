// Which processes a test has started, directly or not.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bv2::test {

/// A mark in the environment, which children inherit.
class ProcessMark {
 public:
  ProcessMark();
  /// "NAME=value" for the environment of the first process.
  [[nodiscard]] std::string variable() const { return mark_; }
  /// Those that have the mark, dead ones that nobody waited for aside.
  [[nodiscard]] std::vector<pid_t> processes() const;

 private:
  std::string mark_;
};

}  // namespace bv2::test
