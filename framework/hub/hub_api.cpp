// The questions that we ask the Hub, as functions.
#include "framework/hub/hub_api.h"

#include <charconv>

#include "framework/hub/answer_json.h"
#include "framework/hub/retry.h"
#include "framework/hub/url.h"

namespace bv2::hub {
namespace {

/// `etag` without quotes and weakness mark.
std::string plain_etag(std::string etag) {
  if (etag.starts_with("W/")) etag.erase(0, 2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

std::optional<DigestKind> digest_kind(std::string_view etag) {
  if (etag.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  if (etag.size() == 64) return DigestKind::sha256;
  if (etag.size() == 40) return DigestKind::git_blob;
  return std::nullopt;
}

/// The address of rel="next" in a Link header.
std::optional<std::string> next_page(const HttpResponse& response) {
  const std::string link = response.headers.get("Link").value_or("");
  const std::size_t rel = link.find("rel=\"next\"");
  if (rel == std::string::npos) return std::nullopt;
  const std::size_t open = link.rfind('<', rel);
  const std::size_t close = open == std::string::npos ? open : link.find('>', open);
  if (close == std::string::npos) return std::nullopt;
  return resolve_reference(response.url, link.substr(open + 1, close - open - 1));
}

}  // namespace

HttpResponse HubApi::ask(const HttpRequest& request, const Subject& subject) {
  HttpResponse response;
  try {
    response = client_.send(request);
  } catch (const ConnectionError& error) {
    fail_for_connection(error.what(), client_.session(), subject);
  }
  const bool found_elsewhere = request.stay_on_host && response.status / 100 == 3;
  if (!response.ok() && !found_elsewhere) fail_for_answer(response, client_.session(), subject);
  return response;
}

std::string HubApi::api_url(const RepositoryId& repository) const {
  return fmt::format("{}/api/{}/{}", client_.session().endpoint, plural(repository.kind), repository.name);
}

std::string HubApi::resolve_url(const RepositoryId& repository, const std::string& commit,
                                const std::string& path) const {
  const bool dataset = repository.kind == RepositoryKind::dataset;
  return fmt::format("{}/{}{}/resolve/{}/{}", client_.session().endpoint, dataset ? "datasets/" : "",
                     repository.name, percent_encode(commit), percent_encode_path(path));
}

std::optional<std::string> HubApi::find_commit(const RepositoryId& repository) {
  const Subject subject{repository};
  HttpResponse response;
  const std::string url = api_url(repository) + "/revision/" + percent_encode(repository.revision);
  try {
    response = client_.send({.url = url});
  } catch (const ConnectionError& error) {
    fail_for_connection(error.what(), client_.session(), subject);
  }
  const std::string code = response.first("X-Error-Code").value_or("");
  // Without X-Error-Code only a server that is no Hub, or an old one, says 404.
  if (response.status == 404 && (code == "RepoNotFound" || code.empty())) return std::nullopt;
  if (response.status == 401 && code == "RepoNotFound" && !client_.session().token.empty())
    return std::nullopt;
  if (!response.ok()) fail_for_answer(response, client_.session(), subject);
  const std::string commit = needed_text(answer_object(response), "/sha", response);
  if (!is_commit_hash(commit)) {
    fail("{}: '{}' is not the hash of a commit: is HF_ENDPOINT a Hugging Face Hub?",
         without_secrets(response.url), client_.session().token.redact(commit.substr(0, 60)));
  }
  return commit;
}

std::string HubApi::commit_of(const RepositoryId& repository) {
  if (auto commit = find_commit(repository)) return *commit;
  HttpResponse missing;
  missing.status = 404;
  fail_for_answer(missing, client_.session(), {repository});
}

std::vector<TreeFile> HubApi::list_files(const RepositoryId& repository, const std::string& commit) {
  std::vector<TreeFile> files;
  std::optional<std::string> url =
      api_url(repository) + "/tree/" + percent_encode(commit) + "?recursive=true&expand=false";
  while (url) {
    const HttpResponse response = ask({.url = *url}, {repository});
    const Json page = answer_array(response);
    for (const Json& entry : page) {
      // Links and submodules are of other types: they are not followed.
      if (needed_text(entry, "/type", response) != "file") continue;
      const Json& size = at(entry, "/size");
      if (!size.is_number_unsigned()) fail("{}: a file has no size", without_secrets(response.url));
      files.push_back({needed_text(entry, "/path", response), size.get<std::uint64_t>()});
    }
    url = next_page(response);
  }
  return files;
}

FileFacts HubApi::file_facts(const RepositoryId& repository, const std::string& commit,
                             const std::string& path) {
  const Subject subject{repository, path};
  HttpRequest request{.method = "HEAD", .url = resolve_url(repository, commit, path), .stay_on_host = true};
  request.headers.add("Accept-Encoding", "identity");  // else the length may be that of compressed content
  const HttpResponse response = ask(request, subject);
  const auto seen_commit = response.first("X-Repo-Commit");
  if (seen_commit && *seen_commit != commit) {
    fail("{}: the Hub answered for commit {} instead of {}", shown(subject), *seen_commit, commit);
  }
  const auto linked = response.first("X-Linked-Etag");
  const auto etag = linked ? linked : response.headers.get("ETag");
  const auto linked_size = response.first("X-Linked-Size");
  const auto size = linked_size ? linked_size : response.headers.get("Content-Length");
  if (!etag || !size) {
    fail("{}: the Hub gives no {}: a proxy may have removed it", shown(subject), etag ? "size" : "ETag");
  }
  FileFacts facts;
  facts.etag = plain_etag(*etag);
  const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), facts.size_bytes);
  if (error != std::errc() || end != size->data() + size->size()) {
    fail("{}: the Hub gives the size '{}'", shown(subject), *size);
  }
  facts.digest = digest_kind(facts.etag);
  return facts;
}

std::vector<std::string> HubApi::existing_paths(const RepositoryId& repository, const std::string& commit,
                                                const std::vector<std::string>& paths) {
  const TextBody body(Json{{"paths", paths}, {"expand", false}}.dump());
  HttpRequest request{
      .method = "POST", .url = api_url(repository) + "/paths-info/" + percent_encode(commit), .body = &body};
  request.headers.add("Content-Type", "application/json");
  const HttpResponse response = ask(request, {repository});
  std::vector<std::string> existing;
  for (const Json& entry : answer_array(response)) existing.push_back(needed_text(entry, "/path", response));
  return existing;
}

Account HubApi::who_am_i() {
  const std::string url = client_.session().endpoint + "/api/whoami-v2";
  HttpResponse response;
  try {
    response = client_.send({.url = url});
  } catch (const ConnectionError& error) {
    fail("cannot reach the Hub: {}: check the network, the proxy and HF_ENDPOINT ({})", error.what(),
         client_.session().endpoint);
  }
  if (response.status == 401 || response.status == 403) {
    fail(
        "the Hub does not accept the token from {}: it is expired, revoked or mistyped; make one at "
        "{}/settings/tokens and give it as HF_TOKEN or --token",
        client_.session().token.source(), client_.session().endpoint);
  }
  if (!response.ok()) fail_for_answer(response, client_.session(), {});
  const Json json = answer_object(response);
  return {needed_text(json, "/name", response), text_at(json, "/auth/accessToken/role")};
}

}  // namespace bv2::hub
