// What the test Hub answers.
#pragma once

#include <httplib.h>

#include <string>
#include <vector>

#include "support/hub_server.h"

namespace bv2::test {

/// What a handler needs; the store is locked by the caller.
struct HubRequest {
  HubStore& store;
  const HubServerOptions& options;
  const std::string& endpoint;
  const std::string& storage;
  const httplib::Request& http;
  std::vector<std::string> segments;  ///< of the path, decoded
};

/// How content is sent, where a fault has to do with that.
struct HubContent {
  std::string bytes;
  std::string etag;
};

/// Percent-decoded parts of a request's target.
std::vector<std::string> path_segments(const std::string& target);

/// Answers what does not change anything. False where it is no such request. `content` is set where the
/// answer is the content of a file, which the caller sends.
bool handle_read(const HubRequest& request, httplib::Response& response, std::optional<HubContent>& content);
/// Answers what changes something.
bool handle_write(const HubRequest& request, httplib::Response& response);
/// Answers requests to the storage.
bool handle_storage(const HubRequest& request, httplib::Response& response,
                    std::optional<HubContent>& content);

void answer_json(httplib::Response& response, const Json& json, int status = 200);
/// As the Hub words its refusals.
void answer_error(httplib::Response& response, int status, const std::string& code,
                  const std::string& message);

/// The repository of segments[i], segments[i + 1] if the request's token may see it; else the answer is
/// given.
HubRepository* visible_repository(const HubRequest& request, httplib::Response& response,
                                  const std::string& kind, const std::string& name);
/// Whose token the request has; nothing without one, or with one that is not accepted, which is an answer.
struct HubCaller {
  std::optional<HubAccount> account;
  bool refused = false;
};
HubCaller caller(const HubRequest& request, httplib::Response& response);

}  // namespace bv2::test
