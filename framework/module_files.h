// The files of modules in a folder that the user named.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace bv2 {

/// What a folder is searched for, in words for messages.
struct ModuleKind {
  std::string_view option;  ///< that named the folder: "--benches-dir"
  std::string_view what;    ///< "benchmark module"
  std::string_view advice;  ///< "docs/adding_a_benchmark.md says how to build one"
};

/// The modules (*.so) of a folder in the order of their names, so that runs compare. Throws
/// std::filesystem::filesystem_error.
std::vector<std::filesystem::path> modules_in(const std::filesystem::path& dir);

/// The same for a folder that the user named. Throws UsageError where it is no folder, cannot be read, or has
/// no module.
std::vector<std::filesystem::path> user_modules_in(const std::filesystem::path& dir, const ModuleKind& kind);

}  // namespace bv2
