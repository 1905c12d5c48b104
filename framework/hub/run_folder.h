// Where a run goes in a dataset of results.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "framework/hub/environment.h"

namespace bv2::hub {

/// What identifies a run: its summary's run_metadata.
struct RunIdentity {
  std::string uuid;
  std::string date;  ///< YYYY-MM-DD, UTC, of the run's start
};

/// `option` (--run-id), else GITHUB_RUN_NUMBER-GITHUB_RUN_ID where both are set, else "benchmark_results_"
/// and the first 8 hex digits of the UUID. Throws UsageError for an option that cannot be one part of a path.
std::string run_id(const std::optional<std::string>& option, const Environment& environment,
                   const RunIdentity& run);

/// "YYYY-MM-DD/runs/ID", or "YYYY-MM-DD/ID" for a run that GitHub's scheduler started. The documents are in
/// benchmark_results/ below it.
std::string run_folder(const std::string& id, const Environment& environment, const RunIdentity& run);

/// "data/YYYY-MM-DD_ID.jsonl": the run's rows in the dataset's table.
std::string rows_file(const std::string& id, const RunIdentity& run);

}  // namespace bv2::hub
