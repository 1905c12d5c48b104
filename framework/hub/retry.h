// When a request is tried again, and after how long.
#pragma once

#include <chrono>
#include <optional>
#include <random>
#include <string>

#include "base/error.h"
#include "framework/hub/http_message.h"
#include "framework/hub/session.h"

namespace bv2::hub {

/// A request that got no whole answer.
class ConnectionError : public Error {
 public:
  ConnectionError(const std::string& what, bool may_pass) : Error(what), may_pass_(may_pass) {}
  /// Trying again may help: unlike, say, a certificate that is not trusted.
  [[nodiscard]] bool may_pass() const { return may_pass_; }

 private:
  bool may_pass_;
};

/// 429 and the answers of servers in trouble.
bool is_passing_status(long status);

/// How long a server asks to wait: Retry-After in seconds or as a date, or the reset of an exhausted
/// RateLimit field (draft-ietf-httpapi-ratelimit-headers), which the Hub sends.
std::optional<std::chrono::seconds> asked_wait(const HttpHeaders& headers,
                                               std::chrono::system_clock::time_point now);

/// Counts the attempts of one task and waits between them.
class Retry {
 public:
  explicit Retry(const Session& session);

  /// The task got on: the attempts count from the start.
  void progressed();
  /// Waits before the next attempt; false where there is none left, or the server asks for too long a wait.
  /// `why` goes to the log.
  bool wait_for_next(const std::string& why, std::optional<std::chrono::seconds> asked = std::nullopt);

 private:
  const Session& session_;
  int attempts_ = 1;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace bv2::hub
