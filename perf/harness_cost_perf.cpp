// What all of the harness adds to an iteration: a bare loop, a worker in this process, and a worker in a
// process of its own with a journal, in turns, on the same work (perf/modules/fixed_work.cpp).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/median.h"
#include "framework/benchmark_modules.h"
#include "framework/journal.h"
#include "framework/worker/local_worker.h"
#include "framework/worker/serve.h"
#include "framework/worker/worker_process.h"

namespace bv2 {
namespace {

constexpr std::int64_t new_tokens = 100;
constexpr int warm_up_rounds = 2;
constexpr std::string_view benchmark_name = "fixed_work";

/// Takes the tokens and does nothing with them.
class NoSink final : public TokenSink {
 public:
  void on_tokens(std::span<const std::int64_t> ids) override { last_ = ids[0]; }

 private:
  volatile std::int64_t last_ = 0;
};

/// One way to do an iteration: the latency that it reports, in seconds.
struct Way {
  std::string_view name;
  std::function<double()> iterate;
  std::vector<double> latency_seconds{};
  std::vector<double> wall_seconds{};
};

double seconds_since(std::int64_t start_ns) {
  return static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
}

IterationRecord asked_for_iteration(Worker& worker) {
  IterateRequest::Reply reply = worker.ask(IterateRequest{});
  return {.scenario = 0, .iteration = std::move(reply.iteration)};
}

double latency_of(const Iteration& iteration) {
  return static_cast<double>(iteration.token_ns.back() - iteration.start_ns) * 1e-9;
}

void make_ready(Worker& worker, const ScenarioConfig& config) {
  worker.ask(LoadRequest{.benchmark = std::string(benchmark_name), .config = config});
  worker.ask(MakePromptRequest{});
  worker.ask(PrepareRequest{});
  worker.ask(CheckRequest{});
}

/// With what the harness adds to the bare loop: the median over the rounds of the ratio within a round.
void report(std::span<const Way> ways) {
  const auto added_percent = [&](const std::vector<double>& values) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < values.size(); ++i) ratios.push_back(values[i] / ways[0].wall_seconds[i]);
    return (median(ratios) - 1) * 100;
  };
  fmt::print("{:<22} {:>12} {:>9} {:>12} {:>9}\n", "", "latency ms", "added", "wall ms", "added");
  for (const Way& way : ways) {
    fmt::print("{:<22} {:>12.3f} {:>8.3f}% {:>12.3f} {:>8.3f}%\n", way.name,
               median(way.latency_seconds) * 1e3, added_percent(way.latency_seconds),
               median(way.wall_seconds) * 1e3, added_percent(way.wall_seconds));
  }
}

int measure(int rounds) {
  const std::vector<std::filesystem::path> dirs{BV2_PERF_MODULES_DIR};
  const BenchmarkModules modules({}, dirs);
  const InterruptFlag interrupt;
  ScenarioConfig config;
  config.num_tokens_to_generate = new_tokens;

  const std::unique_ptr<Session> session = modules.benchmarks()[0]->open(config);
  const PromptIds prompt{.batch = 1, .tokens = 8, .ids = std::vector<std::int64_t>(8, 1)};
  LocalWorker local(modules.benchmarks(), interrupt);
  make_ready(local, config);
  WorkerProcess process(
      {.program = {.command = {BV2_PERF_PROGRAM, worker_argument}, .benches_dirs = {dirs[0]}},
       .on_output = {}},
      interrupt);
  make_ready(process, config);
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("harness_cost_{}", monotonic_now_ns());
  std::filesystem::create_directories(folder);
  Journal journal(folder / "journal.jsonl");

  std::array ways{Way{"bare loop",
                      [&] {
                        NoSink sink;
                        const std::int64_t start_ns = monotonic_now_ns();
                        session->generate(prompt, new_tokens, sink);
                        return seconds_since(start_ns);
                      }},
                  Way{"worker in process", [&] { return latency_of(asked_for_iteration(local).iteration); }},
                  Way{"process and journal", [&] {
                        const IterationRecord record = asked_for_iteration(process);
                        journal.append(record);
                        return latency_of(record.iteration);
                      }}};
  for (int round = -warm_up_rounds; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < ways.size(); ++turn) {
      Way& way = ways[(turn + static_cast<std::size_t>(round + warm_up_rounds)) % ways.size()];
      const std::int64_t start_ns = monotonic_now_ns();
      const double latency_seconds = way.iterate();
      if (round < 0) continue;
      way.latency_seconds.push_back(latency_seconds);
      way.wall_seconds.push_back(seconds_since(start_ns));
    }
  }
  report(ways);
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace bv2

int main(int argc, char** argv) {
  constexpr int default_rounds = 40;
  return bv2::measure(argc > 1 ? std::atoi(argv[1]) : default_rounds);
}
