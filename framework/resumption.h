// Going on with a run that was interrupted.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/journal.h"
#include "framework/scenario_run.h"

namespace bv2 {

/// What a journal says of the run that it is of.
struct Resumption {
  RunRecord run;
  std::filesystem::path journal;
  std::uintmax_t whole_bytes = 0;
  std::vector<JournalLine> lines;  ///< without the first

  /// The name that the document of the benchmark got, or the summary (-1); else empty.
  [[nodiscard]] std::filesystem::path file_of(std::int64_t benchmark) const;
  /// Takes the scenarios to where the run was.
  void replay(std::span<ScenarioRun> scenarios) const;
};

/// Reads the newest journal of the output folder that is not finished. Throws UsageError where there is none,
/// and where its run was not of `asked`, naming the first difference.
Resumption find_resumption(const std::filesystem::path& output_dir, const Json& asked);

}  // namespace bv2
