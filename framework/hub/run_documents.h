// The files that one run left in its output folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/hub/run_folder.h"

namespace bv2::hub {

struct RunDocuments {
  RunIdentity identity;
  std::filesystem::path output_dir;
  std::filesystem::path summary;
  std::vector<std::filesystem::path> documents;  ///< of the benchmarks; all exist, as output_dir/...
};

/// The run whose summary is `summary`, else the newest in `output_dir`. Throws Error naming the path where
/// there is no summary, where it is damaged, or where a document that it names is missing.
RunDocuments find_run(const std::filesystem::path& output_dir,
                      const std::optional<std::filesystem::path>& summary = std::nullopt);

}  // namespace bv2::hub
