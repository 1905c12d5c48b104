// `report`: one page of results to look at.
#include <spdlog/logger.h>

#include <filesystem>
#include <vector>

#include "app/commands.h"
#include "base/file.h"
#include "framework/report/report_page.h"

namespace bv2::app {

int report_command(const CommandContext& context) {
  const CommandLine& line = context.line;
  const std::vector<std::filesystem::path> operands(line.operands.begin(), line.operands.end());
  const std::vector<DocumentFile> files = read_documents(operands);
  const std::filesystem::path page = line.output_file.empty() ? "report.html" : line.output_file;
  write_file_atomically(page, report_page(report_data(files)));
  context.log->debug("documents read: {}", files.size());
  context.output.write(page.string() + "\n");
  return 0;
}

}  // namespace bv2::app
