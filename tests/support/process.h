// Programs run as processes of their own, with what they print and how they end.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bv2::test {

struct ProcessResult {
  int status = -1;  ///< exit status, or 128 + the signal that ended it
  std::string out;
  std::string err;
};

/// A program that runs, in the folder `directory`, with `environment` ("NAME=value") added to ours. It is
/// killed with this object.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command,
                   const std::filesystem::path& directory = std::filesystem::current_path(),
                   const std::vector<std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  /// Reads until stderr contains the text; false when the program ends before.
  bool wait_for_err(const std::string& text);
  /// Reads everything until the program ends.
  ProcessResult wait();

 private:
  bool read_some();

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  ProcessResult result_;
};

/// Runs to its end.
ProcessResult run_process(const std::vector<std::string>& command,
                          const std::filesystem::path& directory = std::filesystem::current_path());

}  // namespace bv2::test
