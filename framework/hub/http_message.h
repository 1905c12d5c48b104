// Requests and responses as values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bv2::hub {

/// Header fields in the order in which they came. Names do not care for case.
class HttpHeaders {
 public:
  void add(std::string name, std::string value);
  /// The last field of that name.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;  ///< names in lower case
};

/// Where the bytes of a request come from. They may be read more than once.
class RequestBody {
 public:
  virtual ~RequestBody() = default;
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
  /// Fills the front of `buffer` with what is at `offset`, and says how much that was; 0 only at the end.
  /// Throws Error.
  virtual std::size_t read(std::uint64_t offset, std::span<char> buffer) const = 0;
};

class TextBody final : public RequestBody {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return text_.size(); }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) const override;

 private:
  std::string text_;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers{};              ///< without Authorization, which the client adds where it may
  const RequestBody* body = nullptr;  ///< must outlive the request
  /// A redirect to another host is an answer like others.
  bool stay_on_host = false;
  /// The server may think for minutes before it says anything.
  bool slow_answer = false;
};

struct HttpResponse {
  long status = 0;
  HttpHeaders headers{};
  std::vector<HttpHeaders> redirects{};  ///< headers of the answers that led here, in order
  std::string body{};                    ///< unless a receiver took it
  std::string url{};                     ///< that answered in the end

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  /// The first field of that name on the way: what the Hub said, before a storage service did.
  [[nodiscard]] std::optional<std::string> first(std::string_view name) const;
};

/// Takes the content of a successful response while it arrives. May throw, which ends the transfer.
class BodyReceiver {
 public:
  virtual ~BodyReceiver() = default;
  virtual void begin(const HttpResponse& head) = 0;
  virtual void data(std::span<const char> bytes) = 0;
};

}  // namespace bv2::hub
