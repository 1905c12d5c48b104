// Results to a dataset on the Hub.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/hub/options.h"

namespace bv2::hub {

struct UploadRequest {
  std::filesystem::path output_dir;
  std::string dataset;                             ///< "org/name", or "name" of the token's own account
  std::optional<std::string> run_id;               ///< --run-id
  std::optional<std::filesystem::path> summary{};  ///< which run of output_dir; none: the newest
};

struct UploadReport {
  std::string dataset;             ///< with its organisation
  bool created = false;            ///< the dataset did not exist
  std::string run_id;              ///< with the suffix, where it was taken
  std::string folder;              ///< of the documents, in the dataset
  std::vector<std::string> files;  ///< paths in the dataset
  std::string commit;
  std::string url;                 ///< where a person can look at it
  std::vector<std::string> notes;  ///< lines for the user: what was not as asked
};

/// Uploads one run's summary and documents in one commit, with one row a scenario under data/. Nothing in the
/// dataset is overwritten: where the run's folder or rows exist, the run id gets a suffix. Local files are
/// only read. Throws Error or UsageError; the message says how to upload later.
UploadReport upload_results(const UploadRequest& request, const HubOptions& options);

/// The command line that does it, for people to paste: "run_benchmarks upload DIR org/name". Without the
/// token.
std::string upload_command_line(const UploadRequest& request);

/// What can be known to be wrong before hours of measuring: no token, one that the Hub does not accept or
/// that may only read, a name that cannot be, a run id that cannot be. Gives the dataset's full name. Throws
/// Error or UsageError.
std::string check_upload(const std::string& dataset, const std::optional<std::string>& run_id,
                         const HubOptions& options);

}  // namespace bv2::hub
