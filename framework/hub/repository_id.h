// Names of repositories on the Hub.
#pragma once

#include <string>
#include <string_view>

namespace bv2::hub {

enum class RepositoryKind { model, dataset };

/// What addresses call the kind: "models".
std::string_view plural(RepositoryKind kind);

/// A repository at a revision.
struct RepositoryId {
  RepositoryKind kind = RepositoryKind::model;
  std::string name;               ///< "organisation/name"; a few old models have no organisation
  std::string revision = "main";  ///< branch, tag, commit, or a pull request's "refs/pr/1"

  /// For messages: "org/name", with "@revision" unless that is main.
  [[nodiscard]] std::string shown() const;
};

/// Reads `org/name[@revision]`. Throws UsageError that says which rule of the Hub the name breaks.
RepositoryId parse_repository_id(std::string_view text, RepositoryKind kind = RepositoryKind::model);

/// Throws UsageError where it cannot be the name of a branch, tag or commit: it becomes part of addresses and
/// of file names in the cache.
void check_revision(std::string_view revision);

/// 40 hexadecimal digits, lower case.
bool is_commit_hash(std::string_view text);

}  // namespace bv2::hub
