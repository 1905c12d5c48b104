// Models from the Hub, by way of the cache that all its tools share.
#include "framework/hub/download.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "framework/hub/blob_download.h"
#include "framework/hub/cache.h"
#include "framework/hub/file_lock.h"
#include "framework/hub/hub_api.h"
#include "framework/hub/locations.h"
#include "framework/hub/model_files.h"
#include "framework/hub/parallel.h"

namespace bv2::hub {
namespace fs = std::filesystem;

namespace {

/// A file of the snapshot with what the Hub says of it.
struct PlannedFile {
  std::string path;
  FileFacts facts{};
};

std::uint64_t file_size_or_zero(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

/// One download of one model at one commit.
class ModelDownload {
 public:
  ModelDownload(const Session& session, const RepositoryId& model, const RepositoryCache& cache,
                std::string commit)
      : session_(session),
        model_(model),
        cache_(cache),
        commit_(std::move(commit)),
        meter_("downloading " + model.shown(), session.options.progress) {}

  void run(HttpClient& client, ModelPart part) {
    HubApi api(client);
    for (TreeFile& file : api.list_files(model_, commit_)) {
      sizes_[file.path] = file.size_bytes;
      available_.insert(std::move(file.path));
    }
    const std::vector<std::string> descriptions = description_files(available_, model_.shown());
    if (part == ModelPart::configuration) return fetch({descriptions.front()});
    fetch(descriptions);
    std::string index;
    if (descriptions.back() == weight_index_file()) {
      index = read_file(cache_.snapshot_file(commit_, descriptions.back()));
    }
    fetch(weight_files(available_, index, model_.shown()));
  }

 private:
  void fetch(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) check_file_name(path);
    std::vector<PlannedFile> files(paths.size());
    for_each_parallel(session_, paths.size(), [&](HttpClient& client, std::size_t i) {
      files[i] = {paths[i], HubApi(client).file_facts(model_, commit_, paths[i])};
      if (files[i].facts.size_bytes != sizes_.at(paths[i])) {
        fail("{}: the Hub gives two sizes for it, {} and {}", shown(Subject{model_, paths[i]}),
             files[i].facts.size_bytes, sizes_.at(paths[i]));
      }
    });
    check_space(files);
    std::uint64_t bytes = 0;
    for (const PlannedFile& file : files) bytes += file.facts.size_bytes;
    meter_.expect(static_cast<std::int64_t>(files.size()), bytes);
    for_each_parallel(session_, files.size(),
                      [&](HttpClient& client, std::size_t i) { fetch_one(client, files[i]); });
  }

  void fetch_one(HttpClient& client, const PlannedFile& file) {
    const FileFacts& facts = file.facts;
    if (cache_.has_blob(facts.etag, facts.size_bytes)) {
      meter_.had(facts.size_bytes);
    } else {
      bool told = false;
      const FileLock lock(cache_.lock(facts.etag), [&] {
        session_.throw_if_interrupted();
        if (!std::exchange(told, true))
          session_.info(file.path + ": waiting for another process that downloads it");
      });
      download_locked(client, file);
    }
    cache_.link(commit_, file.path, facts.etag);
    meter_.file_done();
  }

  void download_locked(HttpClient& client, const PlannedFile& file) {
    const FileFacts& facts = file.facts;
    if (cache_.has_blob(facts.etag, facts.size_bytes)) {  // who had the lock before has done it
      meter_.had(facts.size_bytes);
      return;
    }
    const fs::path incomplete = cache_.incomplete_blob(facts.etag);
    const BlobSource source{HubApi(client).resolve_url(model_, commit_, file.path),
                            {model_, file.path},
                            facts.size_bytes,
                            facts.digest,
                            facts.etag};
    download_blob(client, source, incomplete, meter_);
    std::error_code error;
    fs::rename(incomplete, cache_.blob(facts.etag), error);
    if (error) fail("cannot write '{}': {}", cache_.blob(facts.etag).string(), error.message());
    session_.debug(fmt::format("{}: {} downloaded", file.path, format_bytes(facts.size_bytes)));
  }

  /// Before hours of download rather than after them.
  void check_space(const std::vector<PlannedFile>& files) const {
    std::uint64_t needed = 0;
    std::set<std::string> counted;  // files of equal content are one blob
    for (const PlannedFile& file : files) {
      if (!counted.insert(file.facts.etag).second) continue;
      if (cache_.has_blob(file.facts.etag, file.facts.size_bytes)) continue;
      const std::uint64_t there = file_size_or_zero(cache_.incomplete_blob(file.facts.etag));
      needed += file.facts.size_bytes - std::min(there, file.facts.size_bytes);
    }
    struct statvfs disk {};
    if (needed == 0 || ::statvfs(cache_.folder().c_str(), &disk) != 0) return;
    const std::uint64_t available = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    if (needed <= available) return;
    fail(
        "no space in '{}' for the model '{}': it needs {} more and there are {}: make room or set "
        "HF_HUB_CACHE to a "
        "larger disk",
        cache_.folder().string(), model_.shown(), format_bytes(needed), format_bytes(available));
  }

  const Session& session_;
  const RepositoryId& model_;
  const RepositoryCache& cache_;
  std::string commit_;
  TransferMeter meter_;
  std::set<std::string> available_;
  std::map<std::string, std::uint64_t> sizes_;
};

/// The snapshot in the cache, if it has all that is needed.
ModelLocation from_cache(const RepositoryId& model, const RepositoryCache& cache, ModelPart part) {
  const auto commit = cache.known_commit(model.revision);
  const fs::path snapshot = commit ? cache.snapshot(*commit) : fs::path();
  std::error_code error;
  if (!commit || !fs::is_directory(snapshot, error)) {
    fail("the model '{}' is not in the cache '{}': run once without --offline (and HF_HUB_OFFLINE)",
         model.shown(), cache.folder().parent_path().string());
  }
  if (part == ModelPart::configuration && fs::is_regular_file(snapshot / "config.json", error))
    return {snapshot, *commit};
  std::set<std::string> available;
  for (auto entry = fs::recursive_directory_iterator(snapshot, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code broken;  // a link without its blob is not there
    if (entry->is_regular_file(broken)) available.insert(entry->path().lexically_relative(snapshot).string());
  }
  try {
    const std::vector<std::string> descriptions = description_files(available, model.shown());
    std::string index;
    if (descriptions.back() == weight_index_file()) index = read_file(snapshot / descriptions.back());
    weight_files(available, index, model.shown());
  } catch (const Error& incomplete) {
    fail("the cache has the model '{}' in part ('{}'): {}; run once without --offline (and HF_HUB_OFFLINE)",
         model.shown(), snapshot.string(), incomplete.what());
  }
  return {snapshot, *commit};
}

}  // namespace

ModelLocation download_model(const RepositoryId& model, const HubOptions& options, ModelPart part) {
  check_revision(model.revision);
  const fs::path cache_dir = options.cache_dir ? *options.cache_dir : hub_cache(options.environment);
  const RepositoryCache cache(fs::absolute(cache_dir), model);
  if (options.offline || offline_by_environment(options.environment)) return from_cache(model, cache, part);

  const Session session(options);
  HttpClient client(session);
  const std::string commit = HubApi(client).commit_of(model);
  session.debug(fmt::format("{} is at commit {}", model.shown(), commit));
  cache.create();
  ModelDownload(session, model, cache, commit).run(client, part);
  // Last, so that the name leads to a whole snapshot.
  if (part == ModelPart::everything) cache.remember_commit(model.revision, commit);
  return {cache.snapshot(commit), commit};
}

bool is_hub_model(const std::string& model_id) {
  std::error_code error;
  if (fs::is_directory(model_id, error)) return false;
  const auto starts = [&](std::string_view prefix) { return model_id.starts_with(prefix); };
  return !model_id.empty() && !starts("/") && !starts("./") && !starts("../") && !starts("~") &&
         model_id != "." && model_id != "..";
}

}  // namespace bv2::hub
