// Who does a scenario: it loads, prepares, checks and then does one iteration each time it is asked.
#pragma once

#include <string_view>

#include "base/json.h"
#include "framework/result.h"

namespace bv2 {

/// What ended a scenario: its status, and the cause as one line.
class ScenarioFailure : public Error {
 public:
  ScenarioFailure(ScenarioStatus status, const std::string& line) : Error(line), status_(status) {}
  [[nodiscard]] ScenarioStatus status() const { return status_; }

 private:
  ScenarioStatus status_;
};

/// Does what the messages of framework/worker/messages.h say, in this process or in one of its own. Used by
/// one thread; whatever it holds goes with it.
class Worker {
 public:
  virtual ~Worker() = default;

  /// The reply to one request. Throws ScenarioFailure with the cause, Interrupted when the user ends the run.
  template <class Request>
  typename Request::Reply ask(const Request& request) {
    typename Request::Reply reply;
    from_json_value(ask_json(Request::name, to_json(request)), reply, Request::name);
    return reply;
  }

  /// The same as documents.
  virtual Json ask_json(std::string_view request, const Json& body) = 0;
};

}  // namespace bv2
