// Where a run goes in a dataset of results.
#include "framework/hub/run_folder.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace bv2::hub {
namespace {

void check_run_id(const std::string& id) {
  const bool plain = std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (id.empty() || id.size() > 100 || !plain || id.front() == '.') {
    fail<UsageError>("--run-id: '{}' cannot name a folder: use letters, digits, '-', '_' and '.'", id);
  }
}

}  // namespace

std::string run_id(const std::optional<std::string>& option, const Environment& environment,
                   const RunIdentity& run) {
  if (option) {
    check_run_id(*option);
    return *option;
  }
  const auto number = environment.get("GITHUB_RUN_NUMBER");
  const auto github_id = environment.get("GITHUB_RUN_ID");
  if (number && github_id) {
    const std::string id = *number + "-" + *github_id;
    check_run_id(id);
    return id;
  }
  std::string digits;
  std::copy_if(run.uuid.begin(), run.uuid.end(), std::back_inserter(digits),
               [](unsigned char c) { return std::isxdigit(c) != 0; });
  return "benchmark_results_" + digits.substr(0, 8);
}

std::string run_folder(const std::string& id, const Environment& environment, const RunIdentity& run) {
  const bool scheduled = environment.get("GITHUB_EVENT_NAME") == "schedule";
  return run.date + (scheduled ? "/" : "/runs/") + id;
}

std::string rows_file(const std::string& id, const RunIdentity& run) {
  return "data/" + run.date + "_" + id + ".jsonl";
}

}  // namespace bv2::hub
