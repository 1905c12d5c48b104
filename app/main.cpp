// The program: reads the command line, finds the benchmarks, does the command; every error is one line.
#include <fmt/format.h>
#include <spdlog/logger.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/console.h"
#include "base/error.h"
#include "base/log.h"
#include "framework/benchmark_modules.h"
#include "framework/hub/token.h"
#include "framework/kernel_packs.h"
#include "framework/timestamp.h"
#include "framework/worker/serve.h"

namespace bv2::app {
namespace {

constexpr int failure_status = 1;
constexpr int usage_status = 2;
constexpr int interrupted_status = 130;

std::optional<std::filesystem::path> log_file(const CommandLine& line) {
  if (!line.enable_file_logging) return std::nullopt;
  return line.run.output_dir /
         fmt::format("benchmark_run_{}.log", file_name_timestamp(std::chrono::system_clock::now()));
}

std::shared_ptr<spdlog::logger> logger_for(const CommandLine& line, Console& console) {
  try {
    return make_logger(
        line.log_level, [&](std::string_view text) { console.line(text); }, log_file(line));
  } catch (const Error& error) {
    fail<UsageError>("--enable-file-logging: {}: choose another --output-dir", error.what());
  }
}

int do_command(const CommandContext& context) {
  switch (context.line.command) {
    case Command::run:
      return run_command(context);
    case Command::list:
      return context.line.list_kernels ? list_kernels_command(context) : list_command(context);
    case Command::verify:
      return verify_command(context);
    case Command::tokenize:
      return tokenize_command(context);
    case Command::machine:
      return machine_command(context);
    case Command::cache:
      return cache_command(context);
    case Command::upload:
      return upload_command(context);
    case Command::compare:
      return compare_command(context);
    case Command::calibrate:
      return calibrate_command(context);
    case Command::report:
      return report_command(context);
    case Command::export_results:
      return export_command(context);
  }
  return failure_status;
}

int run_program(const std::vector<std::string>& arguments, Console& console) {
  const CommandLine line = parse_command_line(arguments);
  Output output;
  if (line.answer) {
    output.write(*line.answer);
    return 0;
  }
  InterruptFlag interrupt;
  const InterruptSignals signals(interrupt);
  const auto log = logger_for(line, console);
  const BenchmarkModules modules(built_in_benches_dirs(program_dir()), line.benches_dirs);
  for (const auto& problem : modules.problems()) log->error("{}", problem);
  const KernelPacks packs(line.kernels_dirs, engine_services(modules.benchmarks()));
  const int status = do_command({.line = line,
                                 .benchmarks = modules.benchmarks(),
                                 .output = output,
                                 .console = console,
                                 .log = log,
                                 .interrupt = interrupt});
  // A benchmark of our own that could not even be loaded is one that failed.
  return status == 0 && !modules.problems().empty() ? failure_status : status;
}

/// The whole program, with the status for each way of ending.
int guarded(const std::vector<std::string>& arguments) {
  Console console;
  const auto complain = [&](std::string_view what, int status) {
    console.status({});
    // A token that was typed in the wrong place is not shown either.
    console.line(fmt::format("run_benchmarks: {}", hub::Token().redact(std::string(what))));
    return status;
  };
  try {
    return run_program(arguments, console);
  } catch (const UsageError& error) {
    return complain(error.what(), usage_status);
  } catch (const Error& error) {
    return complain(error.what(), failure_status);
  } catch (const Interrupted& interrupted) {
    return complain(interrupted.what(), interrupted_status);
  } catch (const std::bad_alloc&) {
    return complain("out of memory", failure_status);
  } catch (const std::exception& error) {
    return complain(error.what(), failure_status);
  }
}

}  // namespace
}  // namespace bv2::app

int main(int argc, char** argv) {
  bv2::app::open_standard_streams();
  // `| head` closes the pipe: the write says so, and the results are still written to the disk.
  // And a file that may not grow is a write that fails, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  if (argc == 2 && std::string_view(argv[1]) == bv2::worker_argument) return bv2::serve_worker();
  return bv2::app::guarded(std::vector<std::string>(argv + 1, argv + argc));
}
