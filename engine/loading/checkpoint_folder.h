// The folder of a checkpoint: that it is one, and which of its files hold weights.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace bv2::engine {

/// Throws UsageError, with what to give instead, when there is no such folder or no config.json in it.
void require_checkpoint_folder(const std::filesystem::path& folder);

/// The safetensors files of a checkpoint.
struct WeightFiles {
  std::vector<std::filesystem::path> files;
  /// Sharded checkpoints: which of `files` holds a tensor, by its name. Empty: there is one file.
  std::map<std::string, std::size_t, std::less<>> index;
  std::filesystem::path index_path;
};

/// `model.safetensors`, or the shards that `model.safetensors.index.json` lists. Throws Error: neither is
/// there (said apart: only weights in another format), the index is malformed, a shard is missing or is named
/// by a path that could lead out of the folder.
WeightFiles find_weight_files(const std::filesystem::path& folder);

}  // namespace bv2::engine
