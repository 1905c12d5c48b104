// What the commands do, once the command line is understood.
#pragma once

#include <memory>
#include <span>

#include "app/command_line.h"
#include "app/console.h"
#include "base/interrupt.h"
#include "framework/model_benchmark.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace bv2::app {

/// What every command needs. The pointers and references outlive the command.
struct CommandContext {
  const CommandLine& line;
  std::span<const std::unique_ptr<ModelBenchmark>> benchmarks;
  Output& output;
  Console& console;
  std::shared_ptr<spdlog::logger> log;
  const InterruptFlag& interrupt;
};

/// Each gives the program's exit status and throws Error, UsageError or Interrupted.
int run_command(const CommandContext& context);
int list_command(const CommandContext& context);
int list_kernels_command(const CommandContext& context);
int verify_command(const CommandContext& context);
int tokenize_command(const CommandContext& context);
int machine_command(const CommandContext& context);
int cache_command(const CommandContext& context);
int upload_command(const CommandContext& context);
int compare_command(const CommandContext& context);
int calibrate_command(const CommandContext& context);
int report_command(const CommandContext& context);
int export_command(const CommandContext& context);

}  // namespace bv2::app
