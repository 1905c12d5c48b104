// HTTP on libcurl.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "framework/hub/http_message.h"
#include "framework/hub/session.h"

namespace bv2::hub {

/// One connection at a time, kept alive between requests. Certificates are always checked. Redirects are
/// followed here and not by libcurl, so that the token goes to the endpoint's scheme, host and port alone.
/// Proxies are those of the environment, by curl's rules. One thread at a time.
class HttpClient {
 public:
  /// `stopped` ends a transfer in addition to the session's interrupt. The session must outlive the client.
  explicit HttpClient(const Session& session, std::function<bool()> stopped = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// One attempt. Any status is a response. `receiver` takes the content of a 2xx one. Throws ConnectionError
  /// without a whole answer, Interrupted, and what the receiver or the body throws.
  HttpResponse send_once(const HttpRequest& request, BodyReceiver* receiver = nullptr);

  /// Tries again after broken connections and is_passing_status answers; gives the last answer or throws
  /// the last ConnectionError when the attempts are used up.
  HttpResponse send(const HttpRequest& request);

  [[nodiscard]] const Session& session() const { return session_; }

 private:
  struct Transfer;
  HttpResponse send_to(const HttpRequest& request, BodyReceiver* receiver);
  void apply_options(Transfer& transfer);
  void apply_proxy(const std::string& url);
  void apply_certificates();
  [[nodiscard]] bool stopped() const;

  struct Free {
    void operator()(void* handle) const;
  };
  const Session& session_;
  std::function<bool()> stopped_;
  std::unique_ptr<void, Free> curl_;
};

/// "benchmark_v2/VERSION; libcurl/VERSION; SYSTEM"
std::string user_agent();

}  // namespace bv2::hub
