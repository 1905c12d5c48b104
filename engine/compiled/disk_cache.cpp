// A bounded folder of things that took long to make.
#include "engine/compiled/disk_cache.h"

#include <fmt/std.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "engine/compiled/cache_lock.h"

namespace bv2::engine::compiled {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_name = "entry.json";
// A build that was interrupted leaves its folder; nothing takes this long.
constexpr std::chrono::hours abandoned_after{1};

struct ManifestFile {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::string sha256;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("name", self.name);
    visit("size_bytes", self.size_bytes);
    visit("sha256", self.sha256);
  }
};

/// What entry.json says of an entry.
struct Manifest {
  std::string key;
  std::string title;
  std::vector<ManifestFile> files;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("key", self.key);
    visit("title", self.title);
    visit("files", self.files);
  }
};

std::string hash_of(const fs::path& file) {
  const MappedFile content(file);
  const std::span<const std::byte> bytes = content.bytes();
  return digest_of(DigestKind::sha256, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void seal(const fs::path& folder, const std::string& key, const std::string& title) {
  Manifest manifest{.key = key, .title = title, .files = {}};
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    manifest.files.push_back({file.path().filename().string(), file.file_size(), hash_of(file.path())});
  }
  std::ranges::sort(manifest.files, {}, &ManifestFile::name);
  write_json(folder / manifest_name, to_json(manifest));
}

Manifest read_manifest(const fs::path& folder) {
  const fs::path path = folder / manifest_name;
  Manifest manifest;
  from_json_value(read_json(path), manifest, path.string());
  return manifest;
}

/// What is wrong with the entry in that folder; nothing when it is whole.
std::optional<std::string> damage_of(const fs::path& folder, const std::string& key) {
  try {
    const Manifest manifest = read_manifest(folder);
    if (manifest.key != key) return fmt::format("'{}' is the entry of another key", folder.string());
    for (const ManifestFile& file : manifest.files) {
      const fs::path path = folder / file.name;
      if (fs::file_size(path) != file.size_bytes) {
        return fmt::format("'{}' has {} bytes instead of {}", path.string(), fs::file_size(path),
                           file.size_bytes);
      }
      if (hash_of(path) != file.sha256) return fmt::format("'{}' has other content", path.string());
    }
    return std::nullopt;
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::int64_t unix_ns(fs::file_time_type time) {
  const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

std::uint64_t folder_bytes(const fs::path& folder) {
  std::error_code error;
  std::uint64_t total = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, error))
    total += file.file_size(error);
  return total;
}

/// Removes what interrupted builds have left.
void sweep(const fs::path& building) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(building, error)) {
    if (fs::file_time_type::clock::now() - entry.last_write_time(error) > abandoned_after)
      fs::remove_all(entry.path(), error);
  }
}

/// A folder to build in, removed unless it was moved away.
class BuildFolder {
 public:
  BuildFolder(const fs::path& building, const std::string& key) {
    static std::atomic<int> count{0};
    path_ = building / fmt::format("{}.{}.{}", key, ::getpid(), count++);
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) fail("cannot create the folder '{}': {}", path_.string(), error.message());
  }
  ~BuildFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }
  void move_to(const fs::path& entry) const {
    std::error_code error;
    fs::create_directories(entry.parent_path(), error);
    fs::rename(path_, entry, error);
    if (error) fail("cannot write '{}': {}", entry.string(), error.message());
  }

 private:
  fs::path path_;
};

}  // namespace

CacheUse DiskCache::use(const std::string& key, const std::string& title, const OnFolder& build,
                        const OnFolder& read) {
  const CacheLock lock = CacheLock::wait(folder_ / "locks" / key);
  const fs::path entry = folder_ / "entries" / key;
  CacheUse result;
  if (fs::exists(entry)) {
    const auto damage = damage_of(entry, key);
    if (!damage) {
      std::error_code ignored;
      fs::last_write_time(entry / manifest_name, fs::file_time_type::clock::now(), ignored);
      read(entry);
      return result;
    }
    result.damage = *damage;
    fs::remove_all(entry);
  }
  const BuildFolder folder(folder_ / "building", key);
  build(folder.path());
  seal(folder.path(), key, title);
  folder.move_to(entry);
  result.built = true;
  read(entry);
  trim(key);
  return result;
}

std::vector<CacheEntry> DiskCache::list() const {
  std::vector<CacheEntry> entries;
  std::error_code error;
  for (const fs::directory_entry& folder : fs::directory_iterator(folder_ / "entries", error)) {
    CacheEntry entry{.key = folder.path().filename().string(),
                     .title = "(damaged)",
                     .size_bytes = folder_bytes(folder.path()),
                     .used_unix_ns = 0};
    try {
      entry.title = read_manifest(folder.path()).title;
      entry.used_unix_ns = unix_ns(fs::last_write_time(folder.path() / manifest_name));
    } catch (const std::exception&) {  // said by its title
    }
    entries.push_back(std::move(entry));
  }
  std::ranges::sort(entries, std::greater<>(), &CacheEntry::used_unix_ns);
  return entries;
}

std::vector<CacheEntry> DiskCache::clear() {
  std::vector<CacheEntry> removed;
  for (CacheEntry& entry : list()) {
    if (remove(entry.key)) removed.push_back(std::move(entry));
  }
  return removed;
}

void DiskCache::trim(const std::string& keep) {
  sweep(folder_ / "building");
  std::uint64_t total = 0;
  for (const CacheEntry& entry : list()) {
    total += entry.size_bytes;
    if (total > max_bytes_ && entry.key != keep) remove(entry.key);
  }
}

bool DiskCache::remove(const std::string& key) {
  const fs::path lock_file = folder_ / "locks" / key;
  const auto lock = CacheLock::try_now(lock_file);
  if (!lock) return false;
  std::error_code error;
  const bool removed = fs::remove_all(folder_ / "entries" / key, error) > 0 && !error;
  fs::remove(lock_file, error);
  return removed;
}

}  // namespace bv2::engine::compiled
