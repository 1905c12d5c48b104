// What the test Hub keeps: repositories with commits, accounts, and the storage of large files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace bv2::test {

struct HubFile {
  std::string content;
  bool large = false;                        ///< in the storage, with a pointer in the repository
  [[nodiscard]] std::string in_git() const;  ///< the content, or the pointer to it
  [[nodiscard]] std::string git_oid() const;
  [[nodiscard]] std::string sha256() const;
  /// What `ETag` or `X-Linked-Etag` says.
  [[nodiscard]] std::string etag() const { return large ? sha256() : git_oid(); }
};

using HubFiles = std::map<std::string, HubFile>;

struct HubCommit {
  std::string id;
  std::string title;
  std::string message;
  HubFiles files;
};

enum class HubAccess { everyone, owner, gated };

struct HubRepository {
  std::string kind;  ///< "models", "datasets"
  std::string name;
  HubAccess access = HubAccess::everyone;
  std::vector<HubCommit> commits;           ///< of main, oldest first
  std::map<std::string, std::string> refs;  ///< other branches and tags -> commit
  std::vector<Json> extra_tree_entries;     ///< that list themselves and are not files: made by tests

  /// "main", "HEAD", a ref or a commit.
  [[nodiscard]] const HubCommit* find(const std::string& revision) const;
  /// Adds a commit to main.
  const HubCommit& add_commit(std::string title, std::string message, HubFiles files);
};

struct HubAccount {
  std::string user;
  std::string role = "write";
  bool expired = false;
};

struct HubStore {
  std::map<std::string, HubRepository> repositories;                 ///< by KIND/NAME
  std::map<std::string, std::string> renamed;                        ///< old name -> name, as redirects
  std::map<std::string, HubAccount> accounts;                        ///< by token
  std::map<std::string, std::string> large_files;                    ///< by SHA-256
  std::map<std::string, std::map<int, std::string>> uploaded_parts;  ///< by SHA-256, of multipart uploads

  HubRepository* find(const std::string& kind, const std::string& name);
  HubRepository& create(const std::string& kind, const std::string& name);
};

}  // namespace bv2::test
