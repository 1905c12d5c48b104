// What the test Hub does when something is written: repositories, large files, commits.
#include <algorithm>
#include <sstream>

#include "base/digest.h"
#include "support/hub_handlers.h"

namespace bv2::test {
namespace {

std::string decode_base64(const std::string& text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned value = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) throw std::runtime_error("not base64");
    value = (value << 6U) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((value >> static_cast<unsigned>(bits)) & 0xffU);
    }
  }
  return bytes;
}

bool goes_to_storage(const HubServerOptions& options, const std::string& path, std::uint64_t size) {
  return size >= options.large_file_bytes || path.ends_with(".safetensors") || path.ends_with(".bin");
}

/// Whether the request's token may write; else the answer is given.
bool may_write(const HubRequest& request, httplib::Response& response, const std::string& space) {
  const HubCaller who = caller(request, response);
  if (who.refused) return false;
  if (!who.account) {
    answer_error(response, 401, "", "Invalid username or password.");
    return false;
  }
  if (who.account->role == "read" || who.account->user != space) {
    answer_error(response, 403, "", "You don't have the rights to write to the namespace " + space);
    return false;
  }
  return true;
}

void create_repository(const HubRequest& request, httplib::Response& response) {
  const Json asked = parse_json(request.http.body, "a request");
  const std::string space = asked.at("organization");
  if (!may_write(request, response, space)) return;
  const std::string kind = asked.value("type", "model") + std::string("s");
  const std::string name = space + "/" + asked.at("name").get<std::string>();
  if (request.store.find(kind, name) != nullptr) {
    return answer_error(response, 409, "", "You already created this " + kind + " repo");
  }
  HubRepository& repository = request.store.create(kind, name);
  if (asked.value("private", false) || asked.value("visibility", "") == "private") {
    repository.access = HubAccess::owner;
  }
  answer_json(response, {{"url", request.endpoint + "/" + kind + "/" + name}, {"name", name}, {"id", name}});
}

void preupload(const HubRequest& request, httplib::Response& response) {
  Json files = Json::array();
  const Json asked = parse_json(request.http.body, "a request");
  for (const Json& file : asked.at("files")) {
    const std::string path = file.at("path");
    decode_base64(file.at("sample"));
    const bool large = goes_to_storage(request.options, path, file.at("size").get<std::uint64_t>());
    files.push_back({{"path", path},
                     {"uploadMode", large ? "lfs" : "regular"},
                     {"shouldIgnore", path.ends_with(".ignored")}});
  }
  answer_json(response, {{"files", files}});
}

Json upload_actions(const HubRequest& request, const std::string& repository, const std::string& oid,
                    std::uint64_t size, bool multipart) {
  const std::string signature = "?X-Amz-Signature=secret-of-the-storage";
  if (!multipart) {
    return {{"upload", {{"href", request.storage + "/upload/" + oid + signature}}},
            {"verify",
             {{"href", fmt::format("{}/{}.git/info/lfs/objects/verify", request.endpoint, repository)}}}};
  }
  Json header{{"chunk_size", std::to_string(request.options.part_bytes)}};
  const std::uint64_t parts = (size + request.options.part_bytes - 1) / request.options.part_bytes;
  for (std::uint64_t part = 1; part <= parts; ++part) {
    header[fmt::format("{:05}", part)] =
        fmt::format("{}/upload/{}/{}{}", request.storage, oid, part, signature);
  }
  return {{"upload",
           {{"href", fmt::format("{}/api/complete_multipart?oid={}", request.endpoint, oid)},
            {"header", header}}}};
}

void large_file_batch(const HubRequest& request, httplib::Response& response, const std::string& repository) {
  const Json asked = parse_json(request.http.body, "a request");
  const std::string hash = asked.value("hash_algo", "sha256");
  const bool understood = asked.at("operation") == "upload" && (hash == "sha256" || hash == "sha_256") &&
                          request.http.get_header_value("Content-Type") == "application/vnd.git-lfs+json";
  if (!understood) return answer_error(response, 422, "", "bad batch request");
  const Json transfers = asked.value("transfers", Json::array());
  const bool multipart_offered =
      std::find(transfers.begin(), transfers.end(), "multipart") != transfers.end();
  bool multipart_used = false;
  Json objects = Json::array();
  for (const Json& object : asked.at("objects")) {
    const std::string oid = object.at("oid");
    const auto size = object.at("size").get<std::uint64_t>();
    Json answer{{"oid", oid}, {"size", size}};
    if (!request.store.large_files.contains(oid)) {
      const bool multipart = multipart_offered && size >= request.options.multipart_bytes;
      multipart_used = multipart_used || multipart;
      answer["actions"] = upload_actions(request, repository, oid, size, multipart);
    }
    objects.push_back(answer);
  }
  answer_json(response, {{"transfer", multipart_used ? "multipart" : "basic"}, {"objects", objects}});
}

void complete_multipart(const HubRequest& request, httplib::Response& response) {
  const Json asked = parse_json(request.http.body, "a request");
  const std::string oid = asked.at("oid");
  std::string content;
  int expected = 1;
  for (const Json& part : asked.at("parts")) {
    const int number = part.at("partNumber");
    const std::string& bytes = request.store.uploaded_parts[oid][number];
    const std::string etag = "\"" + digest_of(DigestKind::git_blob, bytes) + "\"";
    if (number != expected++ || part.at("etag") != etag) return answer_error(response, 400, "", "wrong part");
    content += bytes;
  }
  if (digest_of(DigestKind::sha256, content) != oid) return answer_error(response, 400, "", "wrong content");
  request.store.large_files[oid] = content;
  answer_json(response, {{"success", true}});
}

void verify_large_file(const HubRequest& request, httplib::Response& response) {
  const Json asked = parse_json(request.http.body, "a request");
  const auto file = request.store.large_files.find(asked.at("oid").get<std::string>());
  const bool there =
      file != request.store.large_files.end() && file->second.size() == asked.at("size").get<std::size_t>();
  if (!there) return answer_error(response, 404, "", "no such object");
  answer_json(response, Json::object());
}

/// Applies one line of a commit; gives what is wrong with it, or nothing.
std::string apply_line(const HubRequest& request, const Json& line, HubFiles& files) {
  const std::string key = line.at("key");
  const Json& value = line.at("value");
  const std::string path = value.at("path");
  if (key == "deletedFile") {
    files.erase(path);
  } else if (key == "file") {
    if (value.at("encoding") != "base64") return "encoding";
    std::string content = decode_base64(value.at("content"));
    if (goes_to_storage(request.options, path, content.size())) return path + " has to be a large file";
    files[path] = {std::move(content), false};
  } else if (key == "lfsFile") {
    const auto stored = request.store.large_files.find(value.at("oid").get<std::string>());
    if (stored == request.store.large_files.end()) return path + " was not uploaded";
    if (value.at("algo") != "sha256" || stored->second.size() != value.at("size").get<std::size_t>())
      return path + " differs";
    files[path] = {stored->second, true};
  } else {
    return "unknown key " + key;
  }
  return "";
}

void commit(const HubRequest& request, HubRepository& repository, httplib::Response& response) {
  if (request.http.get_header_value("Content-Type") != "application/x-ndjson") {
    return answer_error(response, 400, "", "not NDJSON");
  }
  std::istringstream lines(request.http.body);
  std::string text;
  std::getline(lines, text);
  const Json header = parse_json(text, "a request");
  if (header.at("key") != "header") return answer_error(response, 400, "", "the first line is no header");
  const Json parent = header.at("value").value("parentCommit", Json());
  if (parent.is_string() && parent != repository.commits.back().id) {
    return answer_error(response, 412, "", "A commit has happened since. Please refresh and try again.");
  }
  HubFiles files = repository.commits.back().files;
  while (std::getline(lines, text)) {
    if (text.empty()) continue;
    const std::string fault = apply_line(request, parse_json(text, "a request"), files);
    if (!fault.empty()) return answer_error(response, 400, "", fault);
  }
  const std::string title = header.at("value").at("summary");
  const Json description = header.at("value").value("description", Json());
  const HubCommit& made =
      repository.add_commit(title, description.is_string() ? description.get<std::string>() : "", files);
  answer_json(response, {{"success", true},
                         {"commitOid", made.id},
                         {"commitUrl", request.endpoint + "/" + repository.name + "/commit/" + made.id},
                         {"hookOutput", ""}});
}

/// [datasets/]NAMESPACE/NAME.git/info/lfs/objects/(batch|verify)
bool large_files(const HubRequest& request, httplib::Response& response) {
  const auto& segments = request.segments;
  if (segments.size() < 6 || segments[segments.size() - 3] != "lfs") return false;
  const std::size_t first = segments[0] == "datasets" ? 1 : 0;
  if (!may_write(request, response, segments[first])) return true;
  if (segments.back() == "verify") {
    verify_large_file(request, response);
  } else {
    const std::string name = segments[first + 1].substr(0, segments[first + 1].size() - 4);
    large_file_batch(request, response, (first == 1 ? "datasets/" : "") + segments[first] + "/" + name);
  }
  return true;
}

}  // namespace

bool handle_write(const HubRequest& request, httplib::Response& response) {
  const auto& segments = request.segments;
  if (request.http.method != "POST" || segments.size() < 2) return false;
  if (segments[0] != "api") return large_files(request, response);
  if (segments[1] == "repos") return create_repository(request, response), true;
  if (segments[1] == "complete_multipart") return complete_multipart(request, response), true;
  if (segments.size() != 6 || (segments[4] != "preupload" && segments[4] != "commit")) return false;
  HubRepository* repository =
      visible_repository(request, response, segments[1], segments[2] + "/" + segments[3]);
  if (repository == nullptr || !may_write(request, response, segments[2])) return true;
  if (segments[4] == "preupload") {
    preupload(request, response);
  } else {
    commit(request, *repository, response);
  }
  return true;
}

bool handle_storage(const HubRequest& request, httplib::Response& response,
                    std::optional<HubContent>& content) {
  const auto& segments = request.segments;
  if (segments.size() < 2) return false;
  if (segments[0] == "files") {
    const auto file = request.store.large_files.find(segments[1]);
    if (file == request.store.large_files.end()) return false;
    content = {file->second, file->first};
    return true;
  }
  if (segments[0] != "upload" || request.http.method != "PUT") return false;
  const std::string& body = request.http.body;
  if (segments.size() == 3) {
    request.store.uploaded_parts[segments[1]][std::stoi(segments[2])] = body;
  } else if (digest_of(DigestKind::sha256, body) == segments[1]) {
    request.store.large_files[segments[1]] = body;
  } else {
    response.status = 400;
    return true;
  }
  response.set_header("ETag", "\"" + digest_of(DigestKind::git_blob, body) + "\"");
  response.status = 200;
  return true;
}

}  // namespace bv2::test
