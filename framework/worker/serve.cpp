// The other side of a worker's process.
#include "framework/worker/serve.h"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "framework/benchmark_modules.h"
#include "framework/kernel_packs.h"
#include "framework/worker/channel.h"
#include "framework/worker/child_process.h"
#include "framework/worker/idle.h"
#include "framework/worker/local_monitors.h"
#include "framework/worker/local_worker.h"

namespace bv2 {
namespace {

/// The benchmarks and the worker, from the first message on.
class Server {
 public:
  Json reply_to(std::string_view request, const Json& body) {
    if (request == HelloRequest::name) return to_json(greet(body));
    if (!worker_) fail("the worker was asked for '{}' before '{}'", request, HelloRequest::name);
    return worker_->ask_json(request, body);
  }

 private:
  HelloRequest::Reply greet(const Json& body) {
    HelloRequest hello;
    from_json_value(body, hello, HelloRequest::name);
    if (hello.monitors_only) {
      worker_ = std::make_unique<LocalMonitors>();
      return {};
    }
    modules_.emplace(built_in_benches_dirs(program_dir()), paths(hello.benches_dirs));
    packs_.emplace(paths(hello.kernels_dirs), engine_services(modules_->benchmarks()));
    worker_ = std::make_unique<LocalWorker>(modules_->benchmarks(), never_interrupted_);
    return {};
  }

  static std::vector<std::filesystem::path> paths(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
  }

  InterruptFlag never_interrupted_;  // the run kills us instead
  std::optional<BenchmarkModules> modules_;
  std::optional<KernelPacks> packs_;
  std::unique_ptr<Worker> worker_;
};

Json reply_or_error(Server& server, const Json& message) {
  try {
    return {{"reply", server.reply_to(message.at("request").get<std::string>(), message.at("body"))}};
  } catch (const ScenarioFailure& failure) {
    return to_json(ErrorReply{failure.what(), failure.status()});
  } catch (const std::exception& error) {
    return to_json(ErrorReply{error.what()});
  }
}

}  // namespace

int serve_worker() {
  // Programs that we start ourselves (a compiler) must not keep the run waiting for our end of it.
  ::fcntl(ChildProcess::socket_fd, F_SETFD, FD_CLOEXEC);
  const Channel channel(ChildProcess::socket_fd);
  Server server;
  try {
    while (const auto message = channel.receive()) {
      const Json reply = reply_or_error(server, *message);
      wait_until_idle();
      channel.send(reply);
    }
  } catch (const BrokenChannel&) {
    return 1;  // the run is gone
  }
  return 0;
}

}  // namespace bv2
