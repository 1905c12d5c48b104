// Large files: the Git LFS batch protocol with the Hub's multipart transfer.
#include "framework/hub/lfs_upload.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "framework/hub/answer_json.h"
#include "framework/hub/hub_api.h"
#include "framework/hub/parallel.h"
#include "framework/hub/retry.h"
#include "framework/hub/url.h"

namespace bv2::hub {
namespace {

constexpr std::size_t most_objects_in_batch = 100;
constexpr const char* lfs_media_type = "application/vnd.git-lfs+json";

struct Part {
  std::uint64_t number = 0;  ///< from 1
  std::string url;
};

/// How the storage wants one object.
struct UploadAction {
  const LfsObject* object = nullptr;
  std::string url;               ///< of the content, or of what completes a multipart upload
  HttpHeaders headers{};         ///< to send with the content
  std::uint64_t part_bytes = 0;  ///< 0: in one piece
  std::vector<Part> parts{};
  std::string verify_url{};  ///< empty: none
};

std::optional<std::uint64_t> whole_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::string as_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

/// In a multipart transfer `header` has chunk_size, and the addresses of the parts under their numbers.
void read_headers(const Json& header, UploadAction& action) {
  if (!header.is_object()) return;
  const bool multipart = header.contains("chunk_size");
  for (const auto& [name, value] : header.items()) {
    const auto number = whole_number(name);
    if (multipart && name == "chunk_size") {
      action.part_bytes = whole_number(as_text(value)).value_or(0);
    } else if (multipart && number) {
      action.parts.push_back({*number, as_text(value)});
    } else if (!multipart && value.is_string()) {
      action.headers.add(name, value.get<std::string>());
    }
  }
  std::sort(action.parts.begin(), action.parts.end(),
            [](const Part& a, const Part& b) { return a.number < b.number; });
  if (!multipart) return;
  const std::uint64_t size = action.object->file.content->size_bytes();
  const bool whole = action.part_bytes > 0 &&
                     action.parts.size() == (size + action.part_bytes - 1) / action.part_bytes &&
                     action.parts.front().number == 1 && action.parts.back().number == action.parts.size();
  if (!whole) fail("the Hub asks for '{}' in parts that do not add up", action.object->file.path);
}

std::vector<UploadAction> request_batch(HttpClient& client, const RepositoryId& repository,
                                        std::span<const LfsObject> objects) {
  const Subject subject{repository, "", true};
  Json wanted = Json::array();
  std::map<std::string, const LfsObject*> by_hash;
  for (const LfsObject& object : objects) {
    if (!by_hash.emplace(object.sha256, &object).second) continue;  // equal content is sent once
    wanted.push_back({{"oid", object.sha256}, {"size", object.file.content->size_bytes()}});
  }
  const TextBody body(Json{
      {"operation", "upload"},
      {"transfers", {"basic", "multipart"}},
      {"hash_algo", "sha256"},
      {"ref", {{"name", repository.revision}}},
      {"objects", wanted}}.dump());
  const bool dataset = repository.kind == RepositoryKind::dataset;
  HttpRequest request{.method = "POST",
                      .url = fmt::format("{}/{}{}.git/info/lfs/objects/batch", client.session().endpoint,
                                         dataset ? "datasets/" : "", repository.name),
                      .body = &body};
  request.headers.add("Accept", lfs_media_type);
  request.headers.add("Content-Type", lfs_media_type);
  const HttpResponse response = HubApi(client).ask(request, subject);
  const Json answer = answer_object(response);

  std::vector<UploadAction> actions;
  for (const Json& entry : at(answer, "/objects")) {
    const auto object = by_hash.find(text_at(entry, "/oid"));
    if (object == by_hash.end()) fail("the Hub answers for a large file that was not asked about");
    if (at(entry, "/error").is_object()) {
      fail("the Hub refuses '{}': {}", object->second->file.path,
           client.session().token.redact(text_at(entry, "/error/message")));
    }
    const Json& upload = at(entry, "/actions/upload");
    if (!upload.is_object()) continue;  // the storage has it
    UploadAction action{.object = object->second, .url = text_at(upload, "/href")};
    read_headers(at(upload, "/header"), action);
    action.verify_url = text_at(entry, "/actions/verify/href");
    actions.push_back(std::move(action));
  }
  return actions;
}

/// A request to the storage whose answer has to be a success.
HttpResponse send_to_storage(HttpClient& client, const HttpRequest& request, const LfsObject& object) {
  HttpResponse response;
  try {
    response = client.send(request);
  } catch (const ConnectionError& error) {
    fail("cannot upload '{}': {}: check the network and the proxy", object.file.path, error.what());
  }
  if (!response.ok()) {
    fail("cannot upload '{}': {} answered {}", object.file.path, without_secrets(request.url),
         response.status);
  }
  return response;
}

void send_parts(HttpClient& client, const UploadAction& action, TransferMeter& meter) {
  const RequestBody& content = *action.object->file.content;
  Json parts = Json::array();
  for (const Part& part : action.parts) {
    const std::uint64_t offset = (part.number - 1) * action.part_bytes;
    const BodyPart body(content, offset, std::min(action.part_bytes, content.size_bytes() - offset));
    const HttpResponse response =
        send_to_storage(client, {.method = "PUT", .url = part.url, .body = &body}, *action.object);
    const auto etag = response.headers.get("ETag");
    if (!etag) fail("cannot upload '{}': the storage gives no ETag for a part", action.object->file.path);
    parts.push_back({{"partNumber", part.number}, {"etag", *etag}});
    meter.moved(body.size_bytes());
  }
  const TextBody completion(Json{{"oid", action.object->sha256}, {"parts", parts}}.dump());
  HttpRequest request{.method = "POST", .url = action.url, .body = &completion, .slow_answer = true};
  request.headers.add("Accept", lfs_media_type);
  request.headers.add("Content-Type", lfs_media_type);
  send_to_storage(client, request, *action.object);
}

void send_object(HttpClient& client, const UploadAction& action, TransferMeter& meter) {
  const RequestBody& content = *action.object->file.content;
  if (action.part_bytes > 0) {
    send_parts(client, action, meter);
  } else {
    const HttpRequest request{
        .method = "PUT", .url = action.url, .headers = action.headers, .body = &content};
    send_to_storage(client, request, *action.object);
    meter.moved(content.size_bytes());
  }
  if (!action.verify_url.empty()) {
    const TextBody body(Json{{"oid", action.object->sha256}, {"size", content.size_bytes()}}.dump());
    HttpRequest request{.method = "POST", .url = action.verify_url, .body = &body};
    request.headers.add("Accept", lfs_media_type);
    request.headers.add("Content-Type", lfs_media_type);
    send_to_storage(client, request, *action.object);
  }
  meter.file_done();
}

}  // namespace

void upload_lfs_objects(const Session& session, const RepositoryId& repository,
                        const std::vector<LfsObject>& objects, TransferMeter& meter) {
  HttpClient client(session);
  for (std::size_t begin = 0; begin < objects.size(); begin += most_objects_in_batch) {
    const auto batch =
        std::span(objects).subspan(begin).first(std::min(most_objects_in_batch, objects.size() - begin));
    const std::vector<UploadAction> actions = request_batch(client, repository, batch);
    for (const UploadAction& action : actions) meter.expect(1, action.object->file.content->size_bytes());
    for_each_parallel(session, actions.size(),
                      [&](HttpClient& worker, std::size_t i) { send_object(worker, actions[i], meter); });
  }
}

}  // namespace bv2::hub
