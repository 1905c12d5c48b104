// A Hugging Face Hub for tests: the parts of it that we use, on two addresses of this machine.
#include "support/hub_server.h"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "base/digest.h"
#include "support/certificate.h"
#include "support/hub_handlers.h"

namespace bv2::test {
namespace {

using Kind = HubFault::Kind;

constexpr std::size_t write_bytes = 64U << 10U;
constexpr std::size_t server_threads = 32;  // each kept connection holds one

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void allow_reuse(socket_t socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

/// Sends content with what is to go wrong with it.
class FaultySender {
 public:
  FaultySender(std::string content, std::optional<HubFault> fault)
      : content_(std::move(content)), fault_(std::move(fault)) {
    if (is(Kind::corrupt) && fault_->bytes < content_.size()) content_[fault_->bytes] ^= 1;
  }

  [[nodiscard]] bool is(Kind kind) const { return fault_ && fault_->kind == kind; }

  /// For httplib: sends a piece of what is at `offset`; false closes the connection.
  bool send(std::size_t offset, std::size_t length, httplib::DataSink& sink) {
    std::size_t count = std::min({length, write_bytes, content_.size() - offset});
    if (is(Kind::drop)) {
      if (sent_ >= fault_->bytes) return false;
      count = std::min<std::size_t>(count, fault_->bytes - sent_);
    }
    if (is(Kind::trickle)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      count = std::min<std::size_t>(count, fault_->bytes);
    }
    sent_ += count;
    return sink.write(content_.data() + offset, count);
  }

  /// Without a length said before.
  bool send_until_end(std::size_t offset, httplib::DataSink& sink) {
    const std::size_t end =
        is(Kind::end_early) ? std::min<std::size_t>(content_.size(), fault_->bytes) : content_.size();
    if (offset < end && !sink.write(content_.data() + offset, std::min(write_bytes, end - offset)))
      return false;
    if (offset + write_bytes >= end) sink.done();
    return true;
  }

 private:
  std::string content_;
  std::optional<HubFault> fault_;
  std::uint64_t sent_ = 0;
};

std::optional<std::size_t> range_begin(const httplib::Request& request) {
  if (request.ranges.empty() || request.ranges[0].first < 0) return std::nullopt;
  return static_cast<std::size_t>(request.ranges[0].first);
}

void send_content(const httplib::Request& request, httplib::Response& response, HubContent content,
                  const std::optional<HubFault>& fault) {
  response.set_header("ETag", "\"" + content.etag + "\"");
  const std::size_t size = content.bytes.size();
  if (range_begin(request).value_or(0) >= std::max<std::size_t>(size, 1)) {
    response.status = 416;
    return;
  }
  auto sender = std::make_shared<FaultySender>(std::move(content.bytes), fault);
  const char* type = "application/octet-stream";
  if (size == 0) {
    response.set_content("", type);
  } else if (sender->is(Kind::end_early) || sender->is(Kind::no_ranges)) {
    response.status = 200;
    response.set_content_provider(type, [sender](std::size_t offset, httplib::DataSink& sink) {
      return sender->send_until_end(offset, sink);
    });
  } else {
    response.set_content_provider(size, type,
                                  [sender](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                                    return sender->send(offset, length, sink);
                                  });
  }
}

/// The header goes out, and then the connection is closed instead of the content following.
void lose_answer(httplib::Response& response) {
  response.set_content_provider(100, "application/json",
                                [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
}

}  // namespace

std::vector<std::string> path_segments(const std::string& target) {
  std::vector<std::string> segments;
  std::string segment;
  const auto finish = [&] {
    if (!segment.empty()) segments.push_back(segment);
    segment.clear();
  };
  for (std::size_t i = 0; i < target.size() && target[i] != '?'; ++i) {
    if (target[i] == '/') {
      finish();
    } else if (target[i] == '%' && i + 2 < target.size()) {
      segment += static_cast<char>(std::stoi(target.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      segment += target[i];
    }
  }
  finish();
  return segments;
}

void answer_json(httplib::Response& response, const Json& json, int status) {
  response.status = status;
  response.set_content(json.dump(), "application/json; charset=utf-8");
}

void answer_error(httplib::Response& response, int status, const std::string& code,
                  const std::string& message) {
  if (!code.empty()) response.set_header("X-Error-Code", code);
  response.set_header("X-Error-Message", message);
  answer_json(response, {{"error", message}}, status);
}

HubCaller caller(const HubRequest& request, httplib::Response& response) {
  const std::string header = request.http.get_header_value("Authorization");
  if (header.empty()) return {};
  const auto account = request.store.accounts.find(header.substr(std::string("Bearer ").size()));
  if (account == request.store.accounts.end() || account->second.expired) {
    answer_error(response, 401, "", "Invalid credentials in Authorization header");
    return {std::nullopt, true};
  }
  return {account->second, false};
}

HubRepository* visible_repository(const HubRequest& request, httplib::Response& response,
                                  const std::string& kind, const std::string& name) {
  const HubCaller who = caller(request, response);
  if (who.refused) return nullptr;
  HubRepository* repository = request.store.find(kind, name);
  const bool owned = who.account && name.starts_with(who.account->user + "/");
  if (repository != nullptr && (repository->access != HubAccess::owner || owned)) return repository;
  // As the Hub does: whoever is not signed in does not learn whether it exists.
  answer_error(response, who.account ? 404 : 401, "RepoNotFound", "Repository not found");
  return nullptr;
}

struct HubServer::State {
  explicit State(const HubServerOptions& chosen) : options(chosen) {
    if (options.tls) {
      SelfSigned made = make_self_signed();
      certificate = made.pem;
      hub = std::make_unique<httplib::SSLServer>(made.certificate.get(), made.key.get());
    } else {
      hub = std::make_unique<httplib::Server>();
    }
    storage = std::make_unique<httplib::Server>();
    hub_port = start(*hub, true);
    storage_port = start(*storage, false);
    endpoint = fmt::format("{}://127.0.0.1:{}", options.tls ? "https" : "http", hub_port);
    storage_url = fmt::format("http://localhost:{}", storage_port);
  }

  ~State() {
    hub->stop();
    storage->stop();
    for (std::thread& thread : threads) thread.join();
  }

  int start(httplib::Server& server, bool is_hub) {
    const auto handler = [this, is_hub](const httplib::Request& request, httplib::Response& response) {
      handle(request, response, is_hub);
    };
    server.Get(".*", handler);
    server.Post(".*", handler);
    server.Put(".*", handler);
    server.set_tcp_nodelay(true);
    server.set_keep_alive_max_count(100'000);
    server.set_keep_alive_timeout(1);
    server.set_socket_options(allow_reuse);
    server.new_task_queue = [] { return new httplib::ThreadPool(server_threads); };
    const int port = server.bind_to_any_port("127.0.0.1");
    threads.emplace_back([&server] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return port;
  }

  void record(const httplib::Request& request, bool is_hub) {
    RecordedRequest recorded{is_hub ? "hub" : "storage", request.method, request.target, {}, request.body};
    for (const auto& [name, value] : request.headers) recorded.headers[lower(name)] = value;
    requests.push_back(std::move(recorded));
  }

  std::optional<HubFault> take_fault(const httplib::Request& request) {
    for (HubFault& fault : faults) {
      const bool matches = fault.times > 0 && request.target.find(fault.path_part) != std::string::npos &&
                           (fault.method.empty() || fault.method == request.method);
      if (!matches) continue;
      --fault.times;
      return fault;
    }
    return std::nullopt;
  }

  void handle(const httplib::Request& request, httplib::Response& response, bool is_hub) {
    const std::scoped_lock lock(mutex);
    record(request, is_hub);
    const std::optional<HubFault> fault = take_fault(request);
    if (fault && fault->kind == Kind::status) {
      response.status = fault->status;
      for (const auto& [name, value] : fault->headers) response.set_header(name, value);
      response.set_content(fault->body, "application/json");
      return;
    }
    std::optional<HubContent> content;
    const HubRequest asked{store, options, endpoint, storage_url, request, path_segments(request.target)};
    const bool known = is_hub ? handle_read(asked, response, content) || handle_write(asked, response)
                              : handle_storage(asked, response, content);
    if (!known) answer_error(response, 404, "", "unknown address");
    if (content) send_content(request, response, std::move(*content), fault);
    if (fault && fault->kind == Kind::lose_answer) lose_answer(response);
  }

  HubServerOptions options;
  std::unique_ptr<httplib::Server> hub;
  std::unique_ptr<httplib::Server> storage;
  std::vector<std::thread> threads;
  std::string certificate;
  std::string endpoint;
  std::string storage_url;
  int hub_port = 0;
  int storage_port = 0;

  mutable std::mutex mutex;
  HubStore store;
  std::vector<HubFault> faults;
  std::vector<RecordedRequest> requests;
};

HubServer::HubServer(const HubServerOptions& options) : state_(std::make_unique<State>(options)) {}
HubServer::~HubServer() = default;

std::string HubServer::endpoint() const { return state_->endpoint; }
std::string HubServer::storage() const { return state_->storage_url; }
std::string HubServer::certificate() const { return state_->certificate; }

void HubServer::add_token(const std::string& token, const HubAccount& account) {
  const std::scoped_lock lock(state_->mutex);
  state_->store.accounts[token] = account;
}

std::string HubServer::add_repository(const std::string& kind, const std::string& name,
                                      const std::map<std::string, std::string>& files, HubAccess access) {
  const std::scoped_lock lock(state_->mutex);
  HubRepository* existing = state_->store.find(kind, name);
  HubRepository& repository = existing != nullptr ? *existing : state_->store.create(kind, name);
  repository.access = access;
  HubFiles stored = repository.commits.back().files;
  for (const auto& [path, content] : files) {
    const HubFile file{content,
                       path.ends_with(".safetensors") || content.size() >= state_->options.large_file_bytes};
    if (file.large) state_->store.large_files[file.sha256()] = content;
    stored[path] = file;
  }
  return repository.add_commit("add files", "", std::move(stored)).id;
}

void HubServer::add_fault(const HubFault& fault) {
  const std::scoped_lock lock(state_->mutex);
  state_->faults.push_back(fault);
}

void HubServer::clear_faults() {
  const std::scoped_lock lock(state_->mutex);
  state_->faults.clear();
}

void HubServer::with_store(const std::function<void(HubStore&)>& action) {
  const std::scoped_lock lock(state_->mutex);
  action(state_->store);
}

std::vector<RecordedRequest> HubServer::requests() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->requests;
}

std::vector<RecordedRequest> HubServer::requests(const std::string& method,
                                                 const std::string& path_part) const {
  std::vector<RecordedRequest> matching = requests();
  std::erase_if(matching, [&](const RecordedRequest& request) {
    return request.method != method || request.path.find(path_part) == std::string::npos;
  });
  return matching;
}

void HubServer::forget_requests() {
  const std::scoped_lock lock(state_->mutex);
  state_->requests.clear();
}

}  // namespace bv2::test
