// One file from the Hub, whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/digest.h"
#include "framework/hub/answer.h"
#include "framework/hub/http_client.h"
#include "framework/hub/transfer_status.h"

namespace bv2::hub {

/// What is to be downloaded, and what it must turn out to be.
struct BlobSource {
  std::string url;
  Subject subject;
  std::uint64_t size_bytes = 0;
  std::optional<DigestKind> digest;  ///< none: only the size is checked
  std::string hash;                  ///< hexadecimal, of that digest
};

/// Leaves the content at `path`, which no other process may write meanwhile. What is there already is taken
/// for its beginning and asked for no more; what a failure leaves there serves the next attempt. Content with
/// a wrong hash is thrown away, asked for once more from the start, and then refused. Memory does not depend
/// on the size. Throws Error and Interrupted.
void download_blob(HttpClient& client, const BlobSource& source, const std::filesystem::path& path,
                   TransferMeter& meter);

}  // namespace bv2::hub
