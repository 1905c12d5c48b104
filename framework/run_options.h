// What a run was asked to do: the options of the command line as values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/monitors/monitor_table.h"
#include "framework/schedule.h"

namespace bv2 {

/// Where a scenario runs: in a process of its own, or in the program's.
enum class Isolation { process, none };
std::span<const std::string_view> enum_names(Isolation isolation);

/// A hang must end some time, and no step of a scenario that people wait for takes longer.
constexpr std::int64_t default_timeout_ns = 30LL * 60 * 1'000'000'000;

/// Lists multiply: each benchmark's scenarios are run for every batch size x sequence length x number of new
/// tokens.
struct RunOptions {
  std::filesystem::path output_dir = "benchmark_results";
  std::vector<std::string> include;  ///< parts of benchmark names; empty: all
  std::vector<std::string> exclude;
  std::string model_id;  ///< Hub id or checkpoint folder; empty: each benchmark's own
  std::int64_t warmup_iterations = 3;
  std::int64_t measurement_iterations = 5;
  std::vector<std::int64_t> num_tokens_to_generate{100};
  std::vector<std::int64_t> batch_sizes;             ///< empty: one, or as many as there are prompts
  std::vector<std::int64_t> sequence_lengths;        ///< empty: the prompt's own
  std::optional<std::string> prompt;                 ///< at most one of these three
  std::optional<std::filesystem::path> prompt_file;  ///< a prompt a line
  std::vector<std::int64_t> prompt_ids;
  std::string dtype = "bfloat16";
  std::string device = "cpu";
  std::vector<std::string> variants;  ///< empty: all; so for the next three
  std::vector<std::string> attn_implementations;
  std::vector<std::string> sdpa_backends;
  std::vector<std::string> compile_modes;
  int level = 1;
  std::optional<std::filesystem::path> config_file;  ///< scenarios as .json or .jsonl, instead of a level's
  std::int64_t threads = 0;                          ///< 0: physical cores
  std::int64_t tokens_to_profile = 0;                ///< after measuring, traced; 0: no trace
  bool verification = true;  ///< hold each scenario's output against float32 eager before it is measured
  Isolation isolation = Isolation::process;
  Schedule schedule = Schedule::interleaved;
  std::optional<std::uint64_t> schedule_seed;  ///< none: one that no other run has
  std::optional<std::int64_t> timeout_ns;      ///< of each step and iteration; none: the default; 0: no limit
  std::int64_t scenario_timeout_ns = 0;        ///< of all that a scenario does; 0: no limit
  std::int64_t memory_limit_bytes = 0;         ///< of a worker's private memory; 0: none
  std::int64_t launches = 1;                   ///< processes of each scenario, one after another
  double target_precision = 0;                 ///< see framework/stopping.h; 0: none
  std::int64_t budget_ns = 0;                  ///< of the whole run; 0: none
  bool resume = false;                         ///< go on with the newest interrupted run of output_dir
  bool machine_limits = true;  ///< measure what the machine can do, and hold the scenarios against it
  std::optional<MonitorNames> monitors;  ///< those that run; none: all
  bool gpu_monitoring = true;
  std::filesystem::path dump_graph_dir;  ///< compiled scenarios write their graphs below it; empty: none does
  std::filesystem::path dump_code_dir;   ///< and their generated code
  std::optional<std::string> commit_id;  ///< these three: else from git
  std::optional<std::string> branch_name;
  std::optional<std::string> commit_message;
};

/// The monitors that the options leave.
MonitorNames chosen_monitors(const RunOptions& options);

}  // namespace bv2
