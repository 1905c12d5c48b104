// The command line: its text to what is to be done.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/export/export_format.h"
#include "base/log.h"
#include "framework/compare.h"
#include "framework/run_options.h"

namespace bv2::app {

enum class Command {
  run,
  list,
  verify,
  tokenize,
  machine,
  cache,
  upload,
  compare,
  calibrate,
  report,
  export_results
};
/// Of what is written to stdout.
enum class OutputFormat { table, json, jsonl, csv, md };

/// About the Hugging Face Hub.
struct HubChoices {
  std::string revision;  ///< of the model; the parser has joined it to run.model_id
  bool offline = false;
  std::optional<std::string> token;   ///< never to be shown
  std::string dataset;                ///< that `run` uploads to; empty: it does not
  std::optional<std::string> run_id;  ///< names the run there
};

struct CommandLine {
  Command command = Command::run;
  RunOptions run;                   ///< `list` and `verify` use the part that concerns them
  std::filesystem::path reference;  ///< of `verify`
  std::filesystem::path input;      ///< of `tokenize`; empty: stdin
  HubChoices hub;
  bool measure_anew = false;          ///< `machine` does not show what was kept
  bool list_kernels = false;          ///< `list` shows the kernels instead of the benchmarks
  std::vector<std::string> operands;  ///< what a command takes besides options
  CompareOptions compare;
  std::size_t comparisons = 40;                 ///< of `calibrate`
  bool strict = false;                          ///< `compare` fails for what is inconclusive too
  std::filesystem::path output_file;            ///< of `report` and `export`; empty: their default
  const ExportFormat* export_format = nullptr;  ///< of `export`
  std::vector<std::filesystem::path> benches_dirs;
  std::vector<std::filesystem::path> kernels_dirs;
  LogLevel log_level = LogLevel::info;
  bool enable_file_logging = false;
  OutputFormat format = OutputFormat::table;
  std::optional<std::string> answer;  ///< of --help and --version: print it and do nothing else
};

/// `arguments` without the program's name. The first may name the command; `run` is the default. Throws
/// UsageError with the option, its value and the way out.
CommandLine parse_command_line(std::span<const std::string> arguments);

}  // namespace bv2::app
