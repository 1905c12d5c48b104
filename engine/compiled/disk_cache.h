// A bounded folder of things that took long to make, shared by any number of processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/compiled/cache_entry.h"

namespace bv2::engine::compiled {

/// What one use of the cache found.
struct CacheUse {
  bool built = false;  ///< it was not there, or damaged
  std::string damage;  ///< what was wrong with the entry that was there; empty when nothing was
};

/// Entries are folders of files, named by a key, with a checksum for each file:
///   entries/KEY/...          locks/KEY          building/KEY.PID.N          (all below the cache's folder)
/// An entry is built beside and renamed, while this process holds the key's lock. What builds an entry may
/// use others, if those never use it: a choice between programs is built by building them. Thread safe;
/// several objects and processes may share a folder.
class DiskCache {
 public:
  /// Enough for some hundred scenarios.
  static constexpr std::uint64_t default_max_bytes = 512ULL << 20U;

  /// Keeps at most `max_bytes` of entries: those that were used last. Creates nothing yet.
  explicit DiskCache(std::filesystem::path folder, std::uint64_t max_bytes = default_max_bytes)
      : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  /// Receives the folder of an entry.
  using OnFolder = std::function<void(const std::filesystem::path& folder)>;

  /// Calls read(folder) on the entry `key` (lower-case letters and digits). Where it is missing or damaged,
  /// build(folder) fills an empty folder first; `title` describes it to people. What build or read throw
  /// passes through, and nothing is kept of a build that threw. Other users of the same key wait meanwhile.
  /// Throws Error with the path where the folder cannot be written.
  CacheUse use(const std::string& key, const std::string& title, const OnFolder& build, const OnFolder& read);

  /// The entries, those used last first.
  [[nodiscard]] std::vector<CacheEntry> list() const;
  /// Removes every entry that nobody is using right now; what was removed.
  std::vector<CacheEntry> clear();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  void trim(const std::string& keep);
  bool remove(const std::string& key);

  std::filesystem::path folder_;
  std::uint64_t max_bytes_;
};

}  // namespace bv2::engine::compiled
