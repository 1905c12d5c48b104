// The questions that we ask the Hub, as functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "framework/hub/answer.h"
#include "framework/hub/http_client.h"

namespace bv2::hub {

/// A file in the tree of a commit. Nothing of it is to be trusted as a name on the disk.
struct TreeFile {
  std::string path;
  std::uint64_t size_bytes = 0;
};

/// What `resolve` says of a file.
struct FileFacts {
  std::string etag;  ///< names the blob in the cache
  std::uint64_t size_bytes = 0;
  std::optional<DigestKind> digest;  ///< the hash that the etag is, where it is one
};

struct Account {
  std::string name;
  std::string role;  ///< of the token: read, write, fineGrained, or empty
};

/// One client's view of the Hub. All functions try again as HttpClient::send does, and throw Error as
/// fail_for_answer and fail_for_connection word it. One thread at a time.
class HubApi {
 public:
  explicit HubApi(HttpClient& client) : client_(client) {}

  /// The commit that the revision stands for now.
  std::string commit_of(const RepositoryId& repository);
  /// The same, or nothing where the repository does not exist.
  std::optional<std::string> find_commit(const RepositoryId& repository);
  /// All files at the commit, those in folders too.
  std::vector<TreeFile> list_files(const RepositoryId& repository, const std::string& commit);
  FileFacts file_facts(const RepositoryId& repository, const std::string& commit, const std::string& path);
  /// Which of the paths (files or folders) exist.
  std::vector<std::string> existing_paths(const RepositoryId& repository, const std::string& commit,
                                          const std::vector<std::string>& paths);
  /// Whom the token is of.
  Account who_am_i();

  /// Where `resolve` gives the content of a file.
  [[nodiscard]] std::string resolve_url(const RepositoryId& repository, const std::string& commit,
                                        const std::string& path) const;
  /// ENDPOINT/api/models/NAME
  [[nodiscard]] std::string api_url(const RepositoryId& repository) const;

  /// A request whose answer is a success; anything else throws for the subject.
  HttpResponse ask(const HttpRequest& request, const Subject& subject);

 private:
  HttpClient& client_;
};

}  // namespace bv2::hub
