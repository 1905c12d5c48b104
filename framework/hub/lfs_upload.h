// Large files: the Git LFS batch protocol with the Hub's multipart transfer.
#pragma once

#include <string>

#include "framework/hub/answer.h"
#include "framework/hub/http_client.h"
#include "framework/hub/transfer_status.h"
#include "framework/hub/upload_file.h"

namespace bv2::hub {

/// A large file by what identifies its content.
struct LfsObject {
  UploadFile file;
  std::string sha256;
};

/// Puts the content of the objects into the repository's large-file storage; a commit can then name them.
/// What the storage has is not sent again. Throws Error and Interrupted.
void upload_lfs_objects(const Session& session, const RepositoryId& repository,
                        const std::vector<LfsObject>& objects, TransferMeter& meter);

}  // namespace bv2::hub
