// A worker in a process of its own: whatever happens there costs one scenario.
#include "framework/worker/worker_process.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/clock.h"
#include "framework/worker/messages.h"
#include "framework/worker/monitor_messages.h"

namespace bv2 {
namespace {

/// How long a process that broke the connection, or was told to go, may take to end.
constexpr std::int64_t patience_ns = 2'000'000'000;

/// What a worker does while it is asked for something.
struct Doing {
  std::string_view request;
  std::string_view text;
};
constexpr std::array doings{
    Doing{HelloRequest::name, "starting"},
    Doing{LoadRequest::name, "loading the model"},
    Doing{MakePromptRequest::name, "making the prompt"},
    Doing{PrepareRequest::name, "preparing"},
    Doing{CheckRequest::name, "the check before measuring"},
    Doing{MakeReferenceRequest::name, "computing the reference"},
    Doing{IterateRequest::name, "an iteration"},
    Doing{ProfileRequest::name, "tracing"},
    Doing{MonitorsRequest::name, "reading the monitors"},
    Doing{OpenMonitorsRequest::name, "opening the monitors"},
    Doing{TakeSamplesRequest::name, "taking samples"},
    Doing{DescribeRequest::name, "describing what ran"},
};

std::string_view doing(std::string_view request) {
  const auto* found = std::ranges::find(doings, request, &Doing::request);
  return found == doings.end() ? request : found->text;
}

/// "0.25 s"
std::string duration_text(std::int64_t duration_ns) {
  return fmt::format("{:.3g} s", static_cast<double>(duration_ns) * 1e-9);
}

std::string end_text(const ProcessEnd& end, const OutOfMemoryKills& before) {
  if (end.exit_status) return fmt::format("its process ended by itself with status {}", *end.exit_status);
  std::string text = "its process was killed by " + signal_text(end.signal);
  if (end.signal != SIGKILL) return text;
  // The kernel's killer counts before it kills, so whoever sees the dead sees the count.
  const bool out_of_memory = killed_between(before, read_out_of_memory_kills());
  return text + (out_of_memory ? ", most likely out of memory: the kernel counted such a kill meanwhile"
                               : " from outside: the kernel counted no kill for want of memory");
}

}  // namespace

WorkerProcess::WorkerProcess(WorkerProcessOptions options, const InterruptFlag& interrupt)
    : options_(std::move(options)),
      interrupt_(&interrupt),
      kills_before_(read_out_of_memory_kills()),
      process_(options_.program.command, options_.memory_limit_bytes, options_.avoided_cpu),
      channel_(process_.take_socket()) {
  const HelloRequest hello{.monitors_only = options_.monitors_only,
                           .benches_dirs = options_.program.benches_dirs,
                           .kernels_dirs = options_.program.kernels_dirs};
  const std::int64_t version = ask(hello).protocol_version;
  if (version == worker_protocol_version) return;
  throw ScenarioFailure(
      ScenarioStatus::failed,
      fmt::format("its process speaks version {} of the protocol, this program {}: was it rebuilt meanwhile?",
                  version, worker_protocol_version));
}

WorkerProcess::~WorkerProcess() {
  if (!usable_) return;  // it is killed
  ::shutdown(channel_.fd(), SHUT_RDWR);
  process_.end(patience_ns);
  read_output();
}

Json WorkerProcess::ask_json(std::string_view request, const Json& body) {
  if (!usable_) throw ScenarioFailure(ScenarioStatus::crashed, "its process is gone");
  request_start_ns_ = monotonic_now_ns();
  usable_ = false;  // until there is an answer
  std::optional<Json> reply;
  try {
    channel_.send({{"request", request}, {"body", body}});
    reply = channel_.receive([&](int fd) { wait_for_reply(request, fd); });
  } catch (const BrokenChannel& error) {
    fail_as_dead(request, error.what());
  }
  read_output();
  if (!reply) fail_as_dead(request, "closed");
  spent_ns_ += monotonic_now_ns() - request_start_ns_;
  usable_ = true;
  if (reply->contains("reply")) return (*reply)["reply"];
  ErrorReply error;
  from_json_value(*reply, error, "a reply");
  throw ScenarioFailure(error.status, error.error);
}

void WorkerProcess::wait_for_reply(std::string_view request, int fd) {
  // A signal ends the wait at once; unless it came just before, and then it is seen this much later.
  constexpr std::int64_t look_ns = 250'000'000;
  while (true) {
    interrupt_->throw_if_raised();
    check_time(request);
    std::int64_t wait_ns = look_ns;
    const std::int64_t spent_ns = monotonic_now_ns() - request_start_ns_;
    if (options_.request_timeout_ns > 0) wait_ns = std::min(wait_ns, options_.request_timeout_ns - spent_ns);
    if (options_.time_left_ns > 0) wait_ns = std::min(wait_ns, options_.time_left_ns - spent_ns_ - spent_ns);
    const timespec wait{0, std::max<std::int64_t>(wait_ns, 0)};
    std::array<pollfd, 3> wanted{
        {{fd, POLLIN, 0}, {process_.output_fd(), POLLIN, 0}, {process_.end_fd(), POLLIN, 0}}};
    if (::ppoll(wanted.data(), wanted.size(), &wait, nullptr) <= 0) continue;
    if (wanted[1].revents != 0) read_output();
    if (wanted[0].revents != 0) return;
    if (wanted[2].revents != 0) throw BrokenChannel("closed");
  }
}

void WorkerProcess::check_time(std::string_view request) {
  const std::int64_t spent_ns = monotonic_now_ns() - request_start_ns_;
  const auto too_late = [&](std::string_view what, std::int64_t limit_ns, std::string_view option) {
    throw ScenarioFailure(ScenarioStatus::timed_out,
                          fmt::format("{} was not done after {} ({}), and its process was killed", what,
                                      duration_text(limit_ns), option));
  };
  if (options_.request_timeout_ns > 0 && spent_ns >= options_.request_timeout_ns) {
    too_late(doing(request), options_.request_timeout_ns, "--timeout");
  }
  if (options_.time_left_ns > 0 && spent_ns_ + spent_ns >= options_.time_left_ns) {
    too_late(fmt::format("the scenario, at {},", doing(request)), options_.time_left_ns,
             "what --scenario-timeout left");
  }
}

void WorkerProcess::read_output() {
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = ::read(process_.output_fd(), buffer.data(), buffer.size())) > 0;) {
    output_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  for (std::size_t end = 0; (end = output_.find('\n')) != std::string::npos; output_.erase(0, end + 1)) {
    const std::string line = output_.substr(0, end);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    last_line_ = line;
    if (options_.on_output) options_.on_output(line);
  }
}

void WorkerProcess::fail_as_dead(std::string_view request, const std::string& symptom) {
  const std::int64_t start_ns = monotonic_now_ns();
  const ProcessEnd end = process_.end(patience_ns);
  const bool by_us = end.signal == SIGKILL && monotonic_now_ns() - start_ns >= patience_ns;
  read_output();
  std::string line =
      by_us ? fmt::format("the connection to its process broke ({}), which was then killed", symptom)
            : end_text(end, kills_before_);
  line += fmt::format(", during {}", doing(request));
  constexpr std::size_t longest = 300;
  if (!last_line_.empty())
    line += fmt::format("; the last that it printed: {}", last_line_.substr(0, longest));
  throw ScenarioFailure(ScenarioStatus::crashed, line);
}

}  // namespace bv2
