// The cache that all tools of the Hub share on a machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "framework/hub/repository_id.h"

namespace bv2::hub {

/// The folder of one repository, in the layout that huggingface_hub made:
///   CACHE/models--org--name/blobs/ETAG                     content, by what identifies it
///   CACHE/models--org--name/snapshots/COMMIT/path/of/file  relative links to blobs
///   CACHE/models--org--name/refs/main                      the commit of a branch or tag
///   CACHE/.locks/models--org--name/ETAG.lock               who holds it writes the blob
/// All names that come from the Hub are checked here before they become paths: Error otherwise.
class RepositoryCache {
 public:
  RepositoryCache(const std::filesystem::path& cache_dir, const RepositoryId& repository);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path blob(const std::string& etag) const;
  /// Where the blob grows until it is whole.
  [[nodiscard]] std::filesystem::path incomplete_blob(const std::string& etag) const;
  [[nodiscard]] std::filesystem::path lock(const std::string& etag) const;
  [[nodiscard]] std::filesystem::path snapshot(const std::string& commit) const;
  [[nodiscard]] std::filesystem::path snapshot_file(const std::string& commit, const std::string& path) const;

  /// Makes the folders that a download writes to.
  void create() const;
  /// Whether the blob is there with that size; one of another size is no blob.
  [[nodiscard]] bool has_blob(const std::string& etag, std::uint64_t size_bytes) const;
  /// Makes the snapshot's file a link to the blob, replacing one that led elsewhere.
  void link(const std::string& commit, const std::string& path, const std::string& etag) const;

  /// The commit that a revision stood for when it was last downloaded; a commit stands for itself.
  [[nodiscard]] std::optional<std::string> known_commit(const std::string& revision) const;
  void remember_commit(const std::string& revision, const std::string& commit) const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path locks_;
};

/// Throws Error unless `path` is a relative path in `/`-separated parts that stays below the folder it is put
/// in, on any system: a repository may hold names that were made to do harm.
void check_file_name(std::string_view path);

}  // namespace bv2::hub
