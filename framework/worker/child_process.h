// A child process of the program that does not outlive it, and neither do those that it starts itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bv2 {

/// How a process ended.
struct ProcessEnd {
  std::optional<int> exit_status;  ///< when it ended by itself
  int signal = 0;                  ///< that killed it, else
};

/// "signal 11 (SIGSEGV)"
std::string signal_text(int signal);

/// A child in a process group of its own (Ctrl-C on the terminal is the program's matter), with stdin from
/// /dev/null, and stdout and stderr in one pipe. The kernel kills it when the program ends. Used by the
/// thread that made it: the kernel's kill is bound to the life of that thread.
class ChildProcess {
 public:
  /// The descriptor that a child finds its end of the socket under.
  static constexpr int socket_fd = 3;

  /// Runs `command` (a path and its arguments). Throws Error where it cannot.
  /// `memory_limit_bytes`: of its private memory (RLIMIT_DATA); 0: none. `avoided_cpu`: a processor that it
  /// does not run on, if there is another.
  explicit ChildProcess(const std::vector<std::string>& command, std::int64_t memory_limit_bytes = 0,
                        std::optional<int> avoided_cpu = {});
  /// Kills what still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Our end of the socket, to be taken over by a Channel.
  [[nodiscard]] int take_socket();
  /// What it prints; not blocking.
  [[nodiscard]] int output_fd() const { return output_fd_; }

  /// Readable once the process has ended; what it started may still hold its end of the socket.
  [[nodiscard]] int end_fd() const { return end_fd_; }

  /// Waits for its end, and kills it once that took longer than `patience_ns`; then ends its whole group.
  ProcessEnd end(std::int64_t patience_ns);

 private:
  pid_t pid_ = -1;
  int socket_ = -1;
  int output_fd_ = -1;
  int end_fd_ = -1;  ///< a pidfd; -1 where the kernel has none
};

}  // namespace bv2
