// One commit with several files.
#include "framework/hub/commit.h"

#include <algorithm>
#include <map>
#include <set>

#include "framework/hub/answer_json.h"
#include "framework/hub/lfs_upload.h"
#include "framework/hub/retry.h"
#include "framework/hub/url.h"

namespace bv2::hub {
namespace {

constexpr std::size_t most_files_in_preupload = 100;
constexpr std::uint64_t sample_bytes = 512;  // that the Hub looks at to tell text from binary

/// The paths that go to the large-file storage.
std::set<std::string> ask_for_large(HubApi& api, const RepositoryId& repository,
                                    std::span<const UploadFile> files) {
  Json asked = Json::array();
  for (const UploadFile& file : files) {
    asked.push_back({{"path", file.path},
                     {"size", file.content->size_bytes()},
                     {"sample", base64_encode(first_bytes(*file.content, sample_bytes))}});
  }
  const TextBody body(Json{{"files", asked}}.dump());
  HttpRequest request{.method = "POST",
                      .url = api.api_url(repository) + "/preupload/" + percent_encode(repository.revision),
                      .body = &body};
  request.headers.add("Content-Type", "application/json");
  const HttpResponse response = api.ask(request, {repository, "", true});
  const Json answer = answer_object(response);

  std::set<std::string> large;
  std::set<std::string> answered;
  for (const Json& file : at(answer, "/files")) {
    const std::string path = text_at(file, "/path");
    if (at(file, "/shouldIgnore") == true) {
      fail("the dataset '{}' ignores '{}': remove the pattern from its .gitignore", repository.name, path);
    }
    answered.insert(path);
    if (text_at(file, "/uploadMode") == "lfs") large.insert(path);
  }
  for (const UploadFile& file : files) {
    if (!answered.contains(file.path)) fail("the Hub does not say how it wants '{}'", file.path);
  }
  return large;
}

std::string commit_lines(const std::string& parent, const CommitMessage& message,
                         const std::vector<UploadFile>& files,
                         const std::map<std::string, std::string>& large) {
  const auto line = [](const char* key, Json value) {
    return Json{{"key", key}, {"value", std::move(value)}}.dump(-1, ' ', false,
                                                                Json::error_handler_t::replace) +
           "\n";
  };
  std::string lines = line(
      "header", {{"summary", message.title}, {"description", message.description}, {"parentCommit", parent}});
  for (const UploadFile& file : files) {
    const auto hash = large.find(file.path);
    if (hash != large.end()) {
      lines += line("lfsFile", {{"path", file.path},
                                {"algo", "sha256"},
                                {"oid", hash->second},
                                {"size", file.content->size_bytes()}});
    } else {
      lines += line("file", {{"path", file.path},
                             {"content", base64_encode(all_bytes(*file.content))},
                             {"encoding", "base64"}});
    }
  }
  return lines;
}

/// The commit of that message, if the branch has it among its last ones.
std::optional<std::string> find_commit_by_message(HubApi& api, const RepositoryId& repository,
                                                  const CommitMessage& message) {
  const std::string url =
      api.api_url(repository) + "/commits/" + percent_encode(repository.revision) + "?limit=20";
  const HttpResponse response = api.ask({.url = url}, {repository});
  for (const Json& commit : answer_array(response)) {
    if (text_at(commit, "/title") != message.title) continue;
    if (text_at(commit, "/message").find(message.description) == std::string::npos) continue;
    return text_at(commit, "/id");
  }
  return std::nullopt;
}

bool branch_has_moved(const HttpResponse& response) {
  return response.status == 409 || response.status == 412;
}

std::optional<std::string> send_commit(HttpClient& client, const RepositoryId& repository,
                                       const std::string& lines, const CommitMessage& message) {
  HubApi api(client);
  const Subject subject{repository, "", true};
  const TextBody body(lines);
  HttpRequest request{.method = "POST",
                      .url = api.api_url(repository) + "/commit/" + percent_encode(repository.revision),
                      .body = &body,
                      .slow_answer = true};
  request.headers.add("Content-Type", "application/x-ndjson");
  Retry retry(client.session());
  for (bool first = true;; first = false) {
    // A commit that was made and whose answer was lost must not be made again.
    if (!first) {
      if (auto made = find_commit_by_message(api, repository, message)) return made;
    }
    std::string why;
    std::optional<HttpResponse> response;
    try {
      response = client.send_once(request);
    } catch (const ConnectionError& error) {
      if (!error.may_pass()) fail_for_connection(error.what(), client.session(), subject);
      why = error.what();
    }
    if (response && response->ok()) {
      return needed_text(answer_object(*response), "/commitOid", *response);
    }
    if (response && branch_has_moved(*response)) return std::nullopt;
    if (response && !is_passing_status(response->status))
      fail_for_answer(*response, client.session(), subject);
    std::optional<std::chrono::seconds> asked;
    if (response) {
      why = fmt::format("{} answered {}", without_secrets(response->url), response->status);
      asked = asked_wait(response->headers, std::chrono::system_clock::now());
    }
    if (retry.wait_for_next(why, asked)) continue;
    if (response) fail_for_answer(*response, client.session(), subject);
    fail_for_connection(why, client.session(), subject);
  }
}

}  // namespace

std::optional<std::string> commit_files(HttpClient& client, const RepositoryId& repository,
                                        const std::string& parent, const CommitMessage& message,
                                        const std::vector<UploadFile>& files, TransferMeter& meter) {
  HubApi api(client);
  std::map<std::string, std::string> large;  // path -> SHA-256
  std::vector<LfsObject> objects;
  for (std::size_t begin = 0; begin < files.size(); begin += most_files_in_preupload) {
    const auto some =
        std::span(files).subspan(begin).first(std::min(most_files_in_preupload, files.size() - begin));
    const std::set<std::string> paths = ask_for_large(api, repository, some);
    for (const UploadFile& file : some) {
      // An empty file has no content to store elsewhere.
      if (!paths.contains(file.path) || file.content->size_bytes() == 0) continue;
      objects.push_back({file, sha256_of(*file.content)});
      large[file.path] = objects.back().sha256;
    }
  }
  upload_lfs_objects(client.session(), repository, objects, meter);
  std::uint64_t inline_bytes = 0;
  for (const UploadFile& file : files)
    inline_bytes += large.contains(file.path) ? 0 : file.content->size_bytes();
  const auto inline_files = static_cast<std::int64_t>(files.size() - large.size());
  meter.expect(inline_files, inline_bytes);
  auto commit = send_commit(client, repository, commit_lines(parent, message, files, large), message);
  if (!commit) return commit;
  meter.moved(inline_bytes);
  for (std::int64_t i = 0; i < inline_files; ++i) meter.file_done();
  return commit;
}

}  // namespace bv2::hub
