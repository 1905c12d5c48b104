// One commit with several files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "framework/hub/hub_api.h"
#include "framework/hub/transfer_status.h"
#include "framework/hub/upload_file.h"

namespace bv2::hub {

struct CommitMessage {
  std::string title;
  std::string description;
};

/// Adds the files to the repository's branch in one commit on top of `parent`: small ones inside the commit,
/// large ones by way of the large-file storage, as the Hub decides for each. Gives the new commit, or nothing
/// where the branch has moved on from `parent` and nothing was written. The small files are in memory at
/// once. A commit whose answer was lost is looked for by its message before it is tried again. Throws Error.
std::optional<std::string> commit_files(HttpClient& client, const RepositoryId& repository,
                                        const std::string& parent, const CommitMessage& message,
                                        const std::vector<UploadFile>& files, TransferMeter& meter);

}  // namespace bv2::hub
