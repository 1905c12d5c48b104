// What a run was asked to do: the options of the command line as values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bv2 {

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
  std::vector<std::int64_t> batch_sizes{1};
  std::vector<std::int64_t> sequence_lengths;  ///< empty: the prompt's own
  std::optional<std::string> prompt;           ///< at most one of these three
  std::optional<std::filesystem::path> prompt_file;
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
  bool machine_limits = true;  ///< measure what the machine can do, and hold the scenarios against it
  std::optional<std::string> commit_id;  ///< these three: else from git
  std::optional<std::string> branch_name;
  std::optional<std::string> commit_message;
};

}  // namespace bv2
