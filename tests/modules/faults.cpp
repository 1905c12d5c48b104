// Benchmarks for tests that misbehave, each in its own way, in the third measured iteration unless its name
// says otherwise; and `good`, which does not.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <thread>

#include "base/error.h"
#include "framework/model_benchmark.h"

namespace {

using bv2::ScenarioConfig;

constexpr std::int64_t vocab_size = 16;
/// The check, one warm-up, two measured ones before it.
constexpr int faulty_call = 4;
/// Of a worker's end of the connection to the run.
constexpr int socket_fd = 3;

[[noreturn]] void loop_for_ever() {
  volatile unsigned turns = 0;
  for (;;) turns = turns + 1;
}

void fault_abort() { std::abort(); }

void fault_segfault() {
  std::signal(SIGSEGV, SIG_DFL);  // sanitizers have a handler of their own
  std::raise(SIGSEGV);
}

void fault_memory() {
  std::vector<std::vector<char>> taken;
  for (;;) taken.emplace_back(std::size_t{16} << 20U, 'x');
}

void fault_killed() { ::kill(::getpid(), SIGKILL); }

void fault_exception() { bv2::fail("the model broke\nin two lines"); }

void fault_exit() { std::_Exit(7); }

void fault_closed_pipe() { ::close(socket_fd); }

void fault_garbage_in_pipe() {
  constexpr std::string_view garbage = "this is no message at all";
  if (::write(socket_fd, garbage.data(), garbage.size()) < 0) std::abort();
}

void fault_deaf() {
  // Its connection is gone, and it does not even notice.
  ::close(socket_fd);
  loop_for_ever();
}

/// Leaves a process of its own behind, which would wait for ever, and then ends.
void fault_orphan() {
  if (::fork() == 0) {
    for (;;) ::pause();
  }
  std::_Exit(0);
}

/// Says who it is, and waits to be killed.
void fault_waiting() {
  std::ofstream(std::getenv("BV2_TEST_PID_FILE")) << ::getpid() << std::endl;
  for (;;) ::pause();
}

void no_fault() {}

struct Behaviour {
  const char* name;
  void (*in_call)() = no_fault;
  void (*in_prepare)() = no_fault;
  bool nan_logits = false;
  std::int64_t missing_tokens = 0;
};

class FaultySession final : public bv2::Session {
 public:
  explicit FaultySession(const Behaviour& behaviour) : behaviour_(&behaviour) {}

  bv2::ModelFacts facts() const override {
    return {.synthetic_weights = true, .vocab_size = vocab_size, .max_positions = 0, .layers = 2};
  }
  std::optional<std::vector<std::int64_t>> encode(std::string_view) const override { return std::nullopt; }
  std::string decode(std::span<const std::int64_t>) const override { return {}; }
  bv2::PreparationTimes prepare(const bv2::Preparation&) override {
    behaviour_->in_prepare();
    return {};
  }

  void generate(const bv2::PromptIds& prompt, std::int64_t new_tokens, bv2::TokenSink& sink) override {
    if (call_++ == faulty_call) behaviour_->in_call();
    if (call_ > 1) new_tokens -= behaviour_->missing_tokens;
    std::vector<float> logits(static_cast<std::size_t>(prompt.batch * vocab_size), 0.5F);
    if (behaviour_->nan_logits) logits[3] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<std::int64_t> ids(static_cast<std::size_t>(prompt.batch), 1);
    for (std::int64_t step = 0; step < new_tokens; ++step) {
      if (sink.wants_logits()) sink.on_logits(logits);
      sink.on_tokens(ids);
    }
  }

  bv2::ForwardOutput forward(const bv2::PromptIds&) override { bv2::fail("there are no outputs"); }
  bv2::Json effective() const override { return bv2::Json::object(); }

 private:
  const Behaviour* behaviour_;
  int call_ = 0;
};

class FaultyBenchmark final : public bv2::ModelBenchmark {
 public:
  explicit FaultyBenchmark(const Behaviour& behaviour) : behaviour_(&behaviour) {}
  bv2::BenchmarkInfo info() const override {
    return {.name = behaviour_->name,
            .description = "misbehaves",
            .default_model = std::string("example/") + behaviour_->name,
            .default_prompt = "one two three",
            .default_sequence_length = 8,
            .model_types = {"faulty"},
            .variants = {"eager"}};
  }
  std::unique_ptr<bv2::Session> open(const ScenarioConfig&) const override {
    return std::make_unique<FaultySession>(*behaviour_);
  }

 private:
  const Behaviour* behaviour_;
};

const Behaviour behaviours[] = {
    {.name = "good"},
    {.name = "fault_abort", .in_call = fault_abort},
    {.name = "fault_segfault", .in_call = fault_segfault},
    {.name = "fault_memory", .in_call = fault_memory},
    {.name = "fault_killed", .in_call = fault_killed},
    {.name = "fault_exception", .in_call = fault_exception},
    {.name = "fault_exit", .in_call = fault_exit},
    {.name = "fault_closed_pipe", .in_call = fault_closed_pipe},
    {.name = "fault_garbage_in_pipe", .in_call = fault_garbage_in_pipe},
    {.name = "fault_deaf", .in_call = fault_deaf},
    {.name = "fault_orphan", .in_call = fault_orphan},
    {.name = "fault_waiting", .in_call = fault_waiting},
    {.name = "fault_loop_in_iteration", .in_call = [] { loop_for_ever(); }},
    {.name = "fault_loop_in_prepare", .in_prepare = [] { loop_for_ever(); }},
    {.name = "fault_nan_logits", .nan_logits = true},
    {.name = "fault_token_count", .missing_tokens = 1},
    {.name = "fault_too_many_tokens", .missing_tokens = -1},
};

}  // namespace

extern "C" void run_faults(bv2::BenchmarkHost& host) {
  for (const Behaviour& behaviour : behaviours) host.add(std::make_unique<FaultyBenchmark>(behaviour));
}
