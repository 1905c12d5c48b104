// A child process of the program that does not outlive it, and neither do those that it starts itself.
#include "framework/worker/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace bv2 {
namespace {

/// Everything that the child needs between fork and exec, where nothing may be allocated.
struct Start {
  char* const* arguments;
  int socket;
  int output;
  pid_t parent;
  rlim_t memory_limit_bytes;
  std::optional<cpu_set_t> cpus;
};

/// Those that this process may use but for one; none where nothing is to be changed.
std::optional<cpu_set_t> cpus_without(std::optional<int> avoided) {
  cpu_set_t cpus{};
  if (!avoided || ::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return std::nullopt;
  CPU_CLR(static_cast<std::size_t>(*avoided), &cpus);
  if (CPU_COUNT(&cpus) == 0) return std::nullopt;
  return cpus;
}

void write_text(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t ignored = ::write(fd, text.data(), text.size());
  ::close(fd);
}

/// Only what may be called after fork in a process with threads (signal-safety(7)).
[[noreturn]] void become(const Start& start) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(1);  // it ended before we asked to be told
  // If memory runs out, the worker is what may be lost, never the run.
  write_text("/proc/self/oom_score_adj", "1000");
  if (start.memory_limit_bytes > 0) {
    const rlimit limit{start.memory_limit_bytes, start.memory_limit_bytes};
    ::setrlimit(RLIMIT_DATA, &limit);
  }
  if (start.cpus) ::sched_setaffinity(0, sizeof *start.cpus, &*start.cpus);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // First out of the way of the numbers that they are to have.
  const int socket = ::fcntl(start.socket, F_DUPFD, ChildProcess::socket_fd + 1);
  const int output = ::fcntl(start.output, F_DUPFD, ChildProcess::socket_fd + 1);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::dup2(socket, ChildProcess::socket_fd);
  ::syscall(SYS_close_range, ChildProcess::socket_fd + 1, ~0U, 0);
  ::execv(start.arguments[0], start.arguments);
  ::_exit(127);
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("cannot make a pipe: {}", std::strerror(errno));
  return ends;
}

/// Until the process ended, or that long; leaves it to be reaped.
void wait_for_end(int end_fd, std::int64_t patience_ns) {
  pollfd wanted{end_fd, POLLIN, 0};
  const timespec patience{patience_ns / 1'000'000'000, patience_ns % 1'000'000'000};
  ::ppoll(&wanted, 1, &patience, nullptr);
}

}  // namespace

std::string signal_text(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("signal {} (SIG{})", signal, name);
}

ChildProcess::ChildProcess(const std::vector<std::string>& command, std::int64_t memory_limit_bytes,
                           std::optional<int> avoided_cpu) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    fail("cannot make a socket: {}", std::strerror(errno));
  }
  socket_ = sockets[0];
  const std::array<int, 2> output = make_pipe();
  output_fd_ = output[0];
  ::fcntl(output_fd_, F_SETFL, O_NONBLOCK);
  const Start start{
      arguments.data(),         sockets[1], output[1], ::getpid(), static_cast<rlim_t>(memory_limit_bytes),
      cpus_without(avoided_cpu)};
  pid_ = ::fork();
  if (pid_ == 0) become(start);
  const int error = errno;
  ::close(sockets[1]);
  ::close(output[1]);
  if (pid_ > 0) {
    end_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    ::setpgid(pid_, pid_);  // whoever of the two comes first: a kill of the group must find it
    return;
  }
  ::close(socket_);
  ::close(output_fd_);
  fail("cannot start a process: {}", std::strerror(error));
}

ChildProcess::~ChildProcess() {
  end(0);
  if (socket_ >= 0) ::close(socket_);
  ::close(output_fd_);
  if (end_fd_ >= 0) ::close(end_fd_);
}

int ChildProcess::take_socket() { return std::exchange(socket_, -1); }

ProcessEnd ChildProcess::end(std::int64_t patience_ns) {
  if (pid_ < 0) return {};
  if (patience_ns > 0) wait_for_end(end_fd_, patience_ns);
  // The leader is not reaped yet, so the group's number cannot be another's.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFEXITED(status)) return {.exit_status = WEXITSTATUS(status)};
  return {.exit_status = {}, .signal = WTERMSIG(status)};
}

}  // namespace bv2
