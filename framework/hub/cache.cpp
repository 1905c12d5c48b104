// The cache that all tools of the Hub share on a machine.
#include "framework/hub/cache.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/file.h"

namespace bv2::hub {
namespace fs = std::filesystem;

namespace {

std::string folder_name(const RepositoryId& repository) {
  std::string name = std::string(plural(repository.kind)) + "--" + repository.name;
  const std::size_t slash = name.find('/');
  if (slash != std::string::npos) name.replace(slash, 1, "--");
  return name;
}

void check_etag(const std::string& etag) {
  const bool plain = std::all_of(
      etag.begin(), etag.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
  if (etag.empty() || etag.size() > 128 || !plain)
    fail("the Hub gives an ETag that cannot name a file: '{}'", etag);
}

void check_commit(const std::string& commit) {
  if (!is_commit_hash(commit)) fail("the Hub gives a commit that is none: '{}'", commit);
}

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    fail("cannot make the folder '{}': {}: choose another cache with HF_HUB_CACHE", folder.string(),
         error.message());
  }
}

/// One part of a name, as Windows would take it too: the cache may be on a disk that both use.
bool is_safe_part(std::string_view part) {
  if (part.empty() || part == "." || part == "..") return false;
  if (part.size() > 255) return false;
  return std::all_of(part.begin(), part.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != '\x7f' && c != '\\' && c != ':';
  });
}

}  // namespace

void check_file_name(std::string_view path) {
  bool safe = !path.empty() && path.size() <= 1000;
  for (std::size_t begin = 0; safe && begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    safe = is_safe_part(path.substr(begin, end - begin));
    begin = end + 1;
  }
  if (safe) return;
  std::string readable(path.substr(0, 100));
  std::replace_if(
      readable.begin(), readable.end(), [](unsigned char c) { return c < ' ' || c == 127; }, '?');
  fail("the repository names a file '{}', which would leave the cache or is no file name: it is refused",
       readable);
}

RepositoryCache::RepositoryCache(const fs::path& cache_dir, const RepositoryId& repository)
    : folder_(cache_dir / folder_name(repository)), locks_(cache_dir / ".locks" / folder_name(repository)) {}

fs::path RepositoryCache::blob(const std::string& etag) const {
  check_etag(etag);
  return folder_ / "blobs" / etag;
}

fs::path RepositoryCache::incomplete_blob(const std::string& etag) const {
  fs::path path = blob(etag);
  path += ".incomplete";
  return path;
}

fs::path RepositoryCache::lock(const std::string& etag) const {
  check_etag(etag);
  return locks_ / (etag + ".lock");
}

fs::path RepositoryCache::snapshot(const std::string& commit) const {
  check_commit(commit);
  return folder_ / "snapshots" / commit;
}

fs::path RepositoryCache::snapshot_file(const std::string& commit, const std::string& path) const {
  check_file_name(path);
  return snapshot(commit) / path;
}

void RepositoryCache::create() const {
  create_folder(folder_ / "blobs");
  create_folder(folder_ / "snapshots");
  create_folder(locks_);
}

bool RepositoryCache::has_blob(const std::string& etag, std::uint64_t size_bytes) const {
  std::error_code error;
  const auto size = fs::file_size(blob(etag), error);
  return !error && size == size_bytes;
}

void RepositoryCache::link(const std::string& commit, const std::string& path,
                           const std::string& etag) const {
  const fs::path file = snapshot_file(commit, path);
  create_folder(file.parent_path());
  const fs::path target = blob(etag).lexically_relative(file.parent_path());
  std::error_code error;
  if (fs::read_symlink(file, error) == target) return;
  // Made beside it and renamed, so that another process sees the old link or the new one.
  fs::path beside = file;
  beside += "." + std::to_string(::getpid()) + ".tmp";
  fs::remove(beside, error);
  fs::create_symlink(target, beside, error);
  if (!error) fs::rename(beside, file, error);
  if (error) fail("cannot make the link '{}': {}", file.string(), error.message());
}

std::optional<std::string> RepositoryCache::known_commit(const std::string& revision) const {
  if (is_commit_hash(revision)) return revision;
  check_revision(revision);
  const fs::path ref = folder_ / "refs" / revision;
  std::error_code error;
  if (!fs::is_regular_file(ref, error)) return std::nullopt;
  std::string commit = read_file(ref);
  while (!commit.empty() && std::isspace(static_cast<unsigned char>(commit.back())) != 0) commit.pop_back();
  return is_commit_hash(commit) ? std::optional(commit) : std::nullopt;
}

void RepositoryCache::remember_commit(const std::string& revision, const std::string& commit) const {
  check_commit(commit);
  if (revision == commit || known_commit(revision) == commit) return;
  check_revision(revision);
  write_file_atomically(folder_ / "refs" / revision, commit);
}

}  // namespace bv2::hub
