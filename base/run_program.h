// Other programs, run to their end.
#pragma once

#include <string>
#include <vector>

namespace bv2 {

/// How a program ended, and what it said.
struct ProgramResult {
  bool started = false;  ///< false: there is no such program, or it may not be run
  int status = -1;       ///< exit status, or 128 + the signal that ended it
  std::string output;    ///< stdout, and stderr where it was asked for

  [[nodiscard]] bool succeeded() const { return started && status == 0; }
};

enum class Stderr { dropped, with_stdout };

/// Runs a program (looked up in PATH) with these arguments and nothing on stdin. Thread safe.
ProgramResult run_program(const std::string& program, std::vector<std::string> arguments,
                          Stderr error_output = Stderr::dropped);

}  // namespace bv2
