// `export`: results in the formats of other tools.
#include <spdlog/logger.h>

#include <filesystem>
#include <vector>

#include "app/commands.h"
#include "app/export/export_format.h"
#include "base/file.h"

namespace bv2::app {
namespace {

std::size_t without_measurements(std::span<const DocumentFile> files) {
  std::size_t count = 0;
  for (const DocumentFile& file : files) {
    for (const ScenarioResult& scenario : file.document.benchmark_scenarios) {
      if (scenario.status != ScenarioStatus::success) ++count;
    }
  }
  return count;
}

}  // namespace

int export_command(const CommandContext& context) {
  const CommandLine& line = context.line;
  const std::vector<std::filesystem::path> operands(line.operands.begin(), line.operands.end());
  const std::vector<DocumentFile> files = read_documents(operands);
  if (const std::size_t count = without_measurements(files); count > 0) {
    context.log->warn("scenarios without measurements are left out: {}", count);
  }
  const std::string text = line.export_format->text(files);
  if (line.output_file.empty()) {
    context.output.write(text);
  } else {
    write_file_atomically(line.output_file, text);
  }
  return 0;
}

}  // namespace bv2::app
