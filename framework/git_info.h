// The commit that a run is of, where it is started inside a git checkout.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace bv2 {

/// Each part is missing where git, or a repository, or a commit is.
struct GitInfo {
  std::optional<std::string> commit_id;
  std::optional<std::string> branch_name;     ///< missing on a detached head
  std::optional<std::string> commit_message;  ///< its first line
};

/// Asks the git program about `folder`. Silent, and never waits for input.
GitInfo read_git_info(const std::filesystem::path& folder);

}  // namespace bv2
