// What the test Hub answers to questions: accounts, repositories, trees, files.
#include <algorithm>

#include "base/digest.h"
#include "framework/hub/url.h"
#include "support/hub_handlers.h"

namespace bv2::test {
namespace {

using hub::percent_encode;
using hub::percent_encode_path;

Json tree_entry(const std::string& path, const HubFile& file, const HubCommit& commit) {
  Json entry{{"type", "file"}, {"oid", file.git_oid()}, {"size", file.content.size()}, {"path", path}};
  if (file.large)
    entry["lfs"] = {{"oid", file.sha256()}, {"size", file.content.size()}, {"pointerSize", 134}};
  entry["lastCommit"] = {{"id", commit.id}, {"title", commit.title}, {"date", "2026-01-15T14:30:22.000Z"}};
  return entry;
}

Json folder_entry(const std::string& path) {
  return {{"type", "directory"}, {"oid", digest_of(DigestKind::git_blob, path)}, {"size", 0}, {"path", path}};
}

std::string joined(const std::vector<std::string>& segments, std::size_t begin) {
  std::string path;
  for (std::size_t i = begin; i < segments.size(); ++i) path += (i > begin ? "/" : "") + segments[i];
  return path;
}

void who_am_i(const HubRequest& request, httplib::Response& response) {
  const HubCaller who = caller(request, response);
  if (who.refused) return;
  if (!who.account) return answer_error(response, 401, "", "Invalid username or password.");
  answer_json(response, {{"type", "user"},
                         {"id", "1"},
                         {"name", who.account->user},
                         {"fullname", who.account->user},
                         {"orgs", Json::array()},
                         {"auth",
                          {{"type", "access_token"},
                           {"accessToken", {{"displayName", "test"}, {"role", who.account->role}}}}}});
}

void repository_info(const HubRepository& repository, const HubCommit& commit, httplib::Response& response) {
  Json siblings = Json::array();
  for (const auto& [path, file] : commit.files) siblings.push_back({{"rfilename", path}});
  answer_json(response, {{"_id", "1"},
                         {"id", repository.name},
                         {"sha", commit.id},
                         {"private", repository.access == HubAccess::owner},
                         {"gated", repository.access == HubAccess::gated ? Json("manual") : Json(false)},
                         {"lastModified", "2026-01-15T14:30:22.000Z"},
                         {"downloads", 0},
                         {"likes", 0},
                         {"siblings", siblings}});
}

/// Recursive or of one folder, in pages of 3 so that clients have to follow them.
void tree(const HubRequest& request, const HubRepository& repository, const HubCommit& commit,
          const std::string& folder, httplib::Response& response) {
  const bool recursive = request.http.get_param_value("recursive") == "true";
  std::vector<Json> entries;
  std::string last_folder;
  for (const auto& [path, file] : commit.files) {
    const std::string prefix = folder.empty() ? "" : folder + "/";
    if (!path.starts_with(prefix)) continue;
    const std::size_t slash = path.find('/', prefix.size());
    if (slash != std::string::npos && path.substr(0, slash) != last_folder) {
      last_folder = path.substr(0, slash);
      entries.push_back(folder_entry(last_folder));
    }
    if (recursive || slash == std::string::npos) entries.push_back(tree_entry(path, file, commit));
  }
  if (!folder.empty() && entries.empty())
    return answer_error(response, 404, "EntryNotFound", "Entry not found");
  entries.insert(entries.end(), repository.extra_tree_entries.begin(), repository.extra_tree_entries.end());
  constexpr std::size_t page_entries = 3;
  const std::size_t begin =
      request.http.has_param("cursor") ? std::stoul(request.http.get_param_value("cursor")) : 0;
  const std::size_t end = std::min(entries.size(), begin + page_entries);
  if (end < entries.size()) {
    const std::string next = fmt::format("{}{}?recursive={}&expand=false&cursor={}", request.endpoint,
                                         request.http.path, recursive, end);
    response.set_header("Link", "<" + next + ">; rel=\"next\"");
  }
  Json page = Json::array();
  for (std::size_t i = begin; i < end; ++i) page.push_back(entries[i]);
  answer_json(response, page);
}

void paths_info(const HubRequest& request, const HubCommit& commit, httplib::Response& response) {
  Json found = Json::array();
  const Json asked = parse_json(request.http.body, "a request");
  for (const Json& path_json : asked.at("paths")) {
    const std::string path = path_json;
    const auto file = commit.files.find(path);
    if (file != commit.files.end()) {
      found.push_back(tree_entry(path, file->second, commit));
    } else if (std::any_of(commit.files.begin(), commit.files.end(),
                           [&](const auto& entry) { return entry.first.starts_with(path + "/"); })) {
      found.push_back(folder_entry(path));
    }
  }
  answer_json(response, found);
}

void commits(const HubRepository& repository, httplib::Response& response) {
  Json list = Json::array();
  for (auto commit = repository.commits.rbegin(); commit != repository.commits.rend(); ++commit) {
    list.push_back({{"id", commit->id},
                    {"title", commit->title},
                    {"message", commit->message},
                    {"authors", Json::array()},
                    {"date", "2026-01-15T14:30:22.000Z"}});
  }
  answer_json(response, list);
}

/// /api/KIND/NAMESPACE/NAME/...
bool api(const HubRequest& request, httplib::Response& response) {
  const auto& segments = request.segments;
  if (segments.size() < 4 || (segments[1] != "models" && segments[1] != "datasets")) return false;
  const std::string what = segments.size() > 4 ? segments[4] : "revision";
  const bool writes = what == "preupload" || what == "commit";
  if (writes) return false;
  HubRepository* repository =
      visible_repository(request, response, segments[1], segments[2] + "/" + segments[3]);
  if (repository == nullptr) return true;
  const std::string revision = segments.size() > 5 ? segments[5] : "main";
  const HubCommit* commit = repository->find(revision);
  if (commit == nullptr) {
    answer_error(response, 404, "RevisionNotFound", "Invalid rev id: " + revision);
  } else if (what == "revision") {
    repository_info(*repository, *commit, response);
  } else if (what == "tree") {
    tree(request, *repository, *commit, joined(segments, 6), response);
  } else if (what == "paths-info") {
    paths_info(request, *commit, response);
  } else if (what == "commits") {
    commits(*repository, response);
  } else {
    return false;
  }
  return true;
}

/// [datasets/]NAMESPACE/NAME/(resolve|raw)/REVISION/PATH
bool resolve(const HubRequest& request, httplib::Response& response) {
  const auto& segments = request.segments;
  const bool dataset = !segments.empty() && segments[0] == "datasets";
  const std::size_t first = dataset ? 1 : 0;
  if (segments.size() < first + 5 || (segments[first + 2] != "resolve" && segments[first + 2] != "raw"))
    return false;
  const std::string kind = dataset ? "datasets" : "models";
  const std::string name = segments[first] + "/" + segments[first + 1];
  HubRepository* repository = visible_repository(request, response, kind, name);
  if (repository == nullptr) return true;
  if (repository->access == HubAccess::gated) {
    const HubCaller who = caller(request, response);
    answer_error(response, who.account ? 403 : 401, "GatedRepo",
                 "Access to model " + name + " is restricted.");
    return true;
  }
  const HubCommit* commit = repository->find(segments[first + 3]);
  if (commit == nullptr) {
    answer_error(response, 404, "RevisionNotFound", "Invalid rev id: " + segments[first + 3]);
    return true;
  }
  const std::string path = joined(segments, first + 4);
  const auto found = commit->files.find(path);
  if (found == commit->files.end()) {
    answer_error(response, 404, "EntryNotFound", "Entry not found");
    return true;
  }
  const HubFile& file = found->second;
  if (segments[first + 2] == "raw") {
    response.set_content(file.in_git(), "text/plain; charset=utf-8");
    return true;
  }
  response.set_header("X-Repo-Commit", commit->id);
  if (file.large) {
    response.set_header("X-Linked-Etag", "\"" + file.etag() + "\"");
    response.set_header("X-Linked-Size", std::to_string(file.content.size()));
    response.set_redirect(
        fmt::format("{}/files/{}?Signature=secret-of-the-storage", request.storage, file.etag()), 302);
  } else {
    response.set_redirect(
        fmt::format("/api/resolve-cache/{}/{}/{}/{}", kind, name, commit->id, percent_encode_path(path)),
        307);
  }
  return true;
}

/// Where small files are, on the same host.
bool resolve_cache(const HubRequest& request, std::optional<HubContent>& content) {
  const auto& segments = request.segments;
  if (segments.size() < 7 || segments[1] != "resolve-cache") return false;
  HubRepository* repository = request.store.find(segments[2], segments[3] + "/" + segments[4]);
  const HubCommit* commit = repository == nullptr ? nullptr : repository->find(segments[5]);
  if (commit == nullptr || !commit->files.contains(joined(segments, 6))) return false;
  const HubFile& file = commit->files.at(joined(segments, 6));
  content = {file.content, file.etag()};
  return true;
}

/// As for models that were once without an organisation.
bool redirect_renamed(const HubRequest& request, httplib::Response& response) {
  for (const auto& [old_name, name] : request.store.renamed) {
    const std::size_t at = request.http.target.find("/" + old_name + "/");
    if (at == std::string::npos) continue;
    std::string target = request.http.target;
    response.set_redirect(target.replace(at + 1, old_name.size(), name), 307);
    return true;
  }
  return false;
}

}  // namespace

bool handle_read(const HubRequest& request, httplib::Response& response, std::optional<HubContent>& content) {
  const auto& segments = request.segments;
  if (segments.empty()) return false;
  if (redirect_renamed(request, response)) return true;
  if (segments[0] != "api") return request.http.method != "PUT" && resolve(request, response);
  if (segments.size() == 2 && segments[1] == "whoami-v2") {
    who_am_i(request, response);
    return true;
  }
  return resolve_cache(request, content) || api(request, response);
}

}  // namespace bv2::test
