// `upload`: the results of a run to a dataset on the Hugging Face Hub.
#include <filesystem>

#include "app/commands.h"
#include "app/hub_access.h"

namespace bv2::app {

int upload_command(const CommandContext& context) {
  const std::filesystem::path results = context.line.operands.at(0);
  std::error_code error;
  const bool is_summary = std::filesystem::is_regular_file(results, error);
  const std::filesystem::path parent = results.has_parent_path() ? results.parent_path() : ".";
  const hub::UploadReport report =
      HubAccess(context).upload({.output_dir = is_summary ? parent : results,
                                 .dataset = context.line.operands.at(1),
                                 .run_id = context.line.hub.run_id,
                                 .summary = is_summary ? std::optional(results) : std::nullopt});
  context.output.write(report.url + "\n");
  return 0;
}

}  // namespace bv2::app
