// HTTP on libcurl.
#include "framework/hub/http_client.h"

#include <curl/curl.h>
#include <sys/utsname.h>

#include <array>
#include <exception>

#include "base/clock.h"
#include "base/error.h"
#include "framework/hub/retry.h"
#include "framework/hub/url.h"

namespace bv2::hub {
namespace {

constexpr std::size_t longest_answer_bytes = 64U << 20U;  // of those that are kept in memory
constexpr long receive_buffer_bytes = 512L << 10;         // libcurl's largest
constexpr int most_redirects = 10;
constexpr int slow_answer_factor = 10;

using HeaderList = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

void initialize_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) fail("libcurl cannot start: {}", curl_easy_strerror(code));
}

template <class Value>
void set(void* curl, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(curl, option, value);
  if (code != CURLE_OK) fail("libcurl refuses an option: {}", curl_easy_strerror(code));
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// What no second attempt changes.
bool is_lasting(CURLcode code) {
  constexpr std::array<CURLcode, 6> lasting{CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
                                            CURLE_UNSUPPORTED_PROTOCOL,     CURLE_URL_MALFORMAT,
                                            CURLE_COULDNT_RESOLVE_PROXY,    CURLE_SSL_CERTPROBLEM};
  return std::find(lasting.begin(), lasting.end(), code) != lasting.end();
}

}  // namespace

/// What the callbacks of one transfer share. Nothing is thrown through libcurl: it is kept and thrown after.
struct HttpClient::Transfer {
  const HttpClient& client;
  const HttpRequest& request;
  BodyReceiver* receiver;
  HttpResponse response{};
  HeaderList headers{nullptr, &curl_slist_free_all};
  std::array<char, CURL_ERROR_SIZE> error{};
  std::exception_ptr thrown{};
  std::uint64_t sent_bytes = 0;
  bool begun = false;

  template <class Action>
  bool guarded(Action&& action) {
    try {
      action();
      return true;
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
  }

  void header_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // an answer such as "100 Continue" came before
      response.headers = {};
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::size_t first = line.find_first_not_of(" \t", colon + 1);
    const std::size_t last = line.find_last_not_of(" \t\r\n");
    const bool has_value = first != std::string_view::npos && last >= first;
    response.headers.add(std::string(line.substr(0, colon)),
                         has_value ? std::string(line.substr(first, last + 1 - first)) : "");
  }

  void content(std::span<const char> bytes) {
    if (receiver != nullptr && response.status / 100 == 2) {
      begin();
      receiver->data(bytes);
      return;
    }
    if (response.body.size() + bytes.size() > longest_answer_bytes) {
      fail("{}: the answer is longer than {} MiB", without_secrets(request.url), longest_answer_bytes >> 20U);
    }
    response.body.append(bytes.data(), bytes.size());
  }

  void begin() {
    if (begun) return;
    begun = true;
    receiver->begin(response);
  }

  static std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.guarded([&] { transfer.header_line({data, size}); }) ? size : 0;
  }

  static std::size_t on_content(char* data, std::size_t /*one*/, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    curl_easy_getinfo(transfer.client.curl_.get(), CURLINFO_RESPONSE_CODE, &transfer.response.status);
    return transfer.guarded([&] { transfer.content({data, size}); }) ? size : 0;
  }

  static std::size_t on_read(char* buffer, std::size_t one, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::size_t count = 0;
    const bool read = transfer.guarded([&] {
      count = transfer.request.body->read(transfer.sent_bytes, {buffer, one * size});
    });
    transfer.sent_bytes += count;
    return read ? count : CURL_READFUNC_ABORT;
  }

  static int on_seek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Transfer*>(self)->sent_bytes = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }

  static int on_progress(void* self, curl_off_t /*down_total*/, curl_off_t /*down*/, curl_off_t /*up_total*/,
                         curl_off_t /*up*/) {
    return static_cast<Transfer*>(self)->client.stopped() ? 1 : 0;
  }
};

void HttpClient::Free::operator()(void* handle) const { curl_easy_cleanup(handle); }

HttpClient::HttpClient(const Session& session, std::function<bool()> stopped)
    : session_(session), stopped_(std::move(stopped)) {
  initialize_curl();
  curl_.reset(curl_easy_init());
  if (!curl_) fail("libcurl cannot start: out of memory");
}

HttpClient::~HttpClient() = default;

bool HttpClient::stopped() const {
  return (stopped_ && stopped_()) || (session_.options.interrupted && session_.options.interrupted());
}

void HttpClient::apply_proxy(const std::string& url) {
  const Environment& environment = session_.options.environment;
  // As curl does: HTTP_PROXY in capitals is ignored, since a CGI server sets it from a request's header.
  const bool secure = url.starts_with("https:");
  const auto proxy = secure ? environment.first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                            : environment.first_of({"http_proxy", "all_proxy", "ALL_PROXY"});
  set(curl_.get(), CURLOPT_PROXY, proxy.value_or("").c_str());
  set(curl_.get(), CURLOPT_NOPROXY, environment.first_of({"no_proxy", "NO_PROXY"}).value_or("").c_str());
}

void HttpClient::apply_certificates() {
  set(curl_.get(), CURLOPT_SSL_VERIFYPEER, 1L);
  set(curl_.get(), CURLOPT_SSL_VERIFYHOST, 2L);
  const auto bundle =
      session_.options.environment.first_of({"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"});
  if (bundle) set(curl_.get(), CURLOPT_CAINFO, bundle->c_str());
}

void HttpClient::apply_options(Transfer& transfer) {
  void* curl = curl_.get();
  const HttpOptions& options = session_.options.http;
  curl_easy_reset(curl);
  set(curl, CURLOPT_URL, transfer.request.url.c_str());
  set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl, CURLOPT_NOSIGNAL, 1L);
  set(curl, CURLOPT_USERAGENT, user_agent().c_str());
  set(curl, CURLOPT_ERRORBUFFER, transfer.error.data());
  set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(curl, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.low_speed_bytes_per_second));
  const int patience = transfer.request.slow_answer ? slow_answer_factor : 1;
  set(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.low_speed_window.count() * patience));
  // A hint: libcurl 7.88 refuses it on a handle whose last transfer found no host, and goes on with its
  // default.
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, receive_buffer_bytes);
  set(curl, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(curl, CURLOPT_HEADERDATA, &transfer);
  set(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_content);
  set(curl, CURLOPT_WRITEDATA, &transfer);
  set(curl, CURLOPT_NOPROGRESS, 0L);
  set(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(curl, CURLOPT_XFERINFODATA, &transfer);
  if (transfer.request.method == "HEAD") set(curl, CURLOPT_NOBODY, 1L);
  if (transfer.request.body != nullptr) {
    set(curl, CURLOPT_UPLOAD, 1L);
    set(curl, CURLOPT_CUSTOMREQUEST, transfer.request.method.c_str());
    set(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(transfer.request.body->size_bytes()));
    set(curl, CURLOPT_READFUNCTION, &Transfer::on_read);
    set(curl, CURLOPT_READDATA, &transfer);
    set(curl, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
    set(curl, CURLOPT_SEEKDATA, &transfer);
  }
  apply_proxy(transfer.request.url);
  apply_certificates();

  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(transfer.headers.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    transfer.headers.release();
    transfer.headers.reset(longer);
  };
  for (const auto& [name, value] : transfer.request.headers.all()) add(name + ": " + value);
  add("Expect:");  // else libcurl waits a second for a "100 Continue" that not every server sends
  if (!session_.token.empty() && same_origin(transfer.request.url, session_.endpoint)) {
    add("Authorization: Bearer " + session_.token.reveal());
  }
  set(curl, CURLOPT_HTTPHEADER, transfer.headers.get());
}

HttpResponse HttpClient::send_to(const HttpRequest& request, BodyReceiver* receiver) {
  Transfer transfer{*this, request, receiver};
  apply_options(transfer);
  const std::int64_t start_ns = monotonic_now_ns();
  const CURLcode code = curl_easy_perform(curl_.get());
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &transfer.response.status);
  // The transfer's buffers end here: the handle, which stays, must not point to them.
  curl_easy_setopt(curl_.get(), CURLOPT_ERRORBUFFER, nullptr);
  const double seconds = static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
  session_.debug(fmt::format(
      "{} {} -> {} in {:.3f} s", request.method, without_secrets(request.url),
      code == CURLE_OK ? std::to_string(transfer.response.status) : curl_easy_strerror(code), seconds));
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  if (code == CURLE_ABORTED_BY_CALLBACK) throw Interrupted();
  if (code != CURLE_OK) {
    const auto parts = split_url(request.url);
    std::string why = transfer.error[0] != '\0' ? transfer.error.data() : curl_easy_strerror(code);
    // A proxy's address may hold a password, and libcurl quotes what it cannot parse.
    if (code == CURLE_COULDNT_RESOLVE_PROXY) why = "the proxy that the environment names is not known";
    throw ConnectionError(
        session_.token.redact(fmt::format("{}: {}", parts ? parts->host : request.url, why)),
        !is_lasting(code));
  }
  if (receiver != nullptr && transfer.response.ok()) transfer.begin();  // an answer without content
  transfer.response.url = request.url;
  return std::move(transfer.response);
}

HttpResponse HttpClient::send_once(const HttpRequest& request, BodyReceiver* receiver) {
  HttpRequest hop = request;
  std::vector<HttpHeaders> passed;
  for (int redirects = 0;; ++redirects) {
    HttpResponse response = send_to(hop, receiver);
    response.redirects = passed;
    const auto location = is_redirect(response.status) ? response.headers.get("Location") : std::nullopt;
    if (!location) return response;
    const auto target = resolve_reference(hop.url, *location);
    if (!target)
      throw ConnectionError(fmt::format("{}: a redirect leads nowhere", without_secrets(hop.url)), false);
    if (request.stay_on_host && !same_origin(hop.url, *target)) return response;
    if (redirects == most_redirects) {
      throw ConnectionError(
          fmt::format("{}: more than {} redirects", without_secrets(request.url), most_redirects), false);
    }
    if (hop.url.starts_with("https:") && !target->starts_with("https:")) {
      throw ConnectionError(fmt::format("{}: a redirect leads from https to '{}', which is not followed",
                                        without_secrets(hop.url), without_secrets(*target)),
                            false);
    }
    passed.push_back(response.headers);
    hop.url = *target;
    if (response.status == 303 || (response.status < 303 && hop.method == "POST")) {
      hop.method = "GET";
      hop.body = nullptr;
    }
  }
}

HttpResponse HttpClient::send(const HttpRequest& request) {
  Retry retry(session_);
  for (;;) {
    try {
      HttpResponse response = send_once(request);
      if (!is_passing_status(response.status)) return response;
      const auto asked = asked_wait(response.headers, std::chrono::system_clock::now());
      const std::string why = fmt::format("{} answered {}", without_secrets(response.url), response.status);
      if (!retry.wait_for_next(why, asked)) return response;
    } catch (const ConnectionError& error) {
      if (!error.may_pass() || !retry.wait_for_next(error.what())) throw;
    }
  }
}

std::string user_agent() {
  utsname system{};
  ::uname(&system);
  return fmt::format("benchmark_v2/{}; libcurl/{}; {} {}", BV2_VERSION,
                     curl_version_info(CURLVERSION_NOW)->version, system.sysname, system.machine);
}

}  // namespace bv2::hub
