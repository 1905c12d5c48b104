// Addresses: taking them apart, putting them together, and showing them without what is secret in them.
#include "framework/hub/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace bv2::hub {
namespace {

struct UrlHandle {
  UrlHandle() : handle(curl_url(), &curl_url_cleanup) {}
  bool set(CURLUPart part, const std::string& value, unsigned flags = 0) {
    return handle && curl_url_set(handle.get(), part, value.c_str(), flags) == CURLUE_OK;
  }
  [[nodiscard]] std::optional<std::string> get(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(handle.get(), part, &text, flags) != CURLUE_OK) return std::nullopt;
    std::string value(text);
    curl_free(text);
    return value;
  }
  std::unique_ptr<CURLU, void (*)(CURLU*)> handle;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string encode(std::string_view text, std::string_view keep) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || keep.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += digits[byte >> 4U];
      encoded += digits[byte & 15U];
    }
  }
  return encoded;
}

}  // namespace

std::optional<UrlParts> split_url(const std::string& url) {
  UrlHandle parsed;
  if (!parsed.set(CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME)) return std::nullopt;
  const auto scheme = parsed.get(CURLUPART_SCHEME);
  const auto host = parsed.get(CURLUPART_HOST);
  if (!scheme || !host || host->empty()) return std::nullopt;
  UrlParts parts;
  parts.scheme = lower(*scheme);
  parts.host = lower(*host);
  parts.port = parsed.get(CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
  parts.has_user = parsed.get(CURLUPART_USER).has_value() || parsed.get(CURLUPART_PASSWORD).has_value();
  parts.has_query = parsed.get(CURLUPART_QUERY).has_value() || parsed.get(CURLUPART_FRAGMENT).has_value();
  return parts;
}

bool same_origin(const std::string& a, const std::string& b) {
  const auto left = split_url(a);
  const auto right = split_url(b);
  return left && right && left->scheme == right->scheme && left->host == right->host &&
         left->port == right->port;
}

std::optional<std::string> resolve_reference(const std::string& base, const std::string& reference) {
  UrlHandle parsed;
  if (!parsed.set(CURLUPART_URL, base)) return std::nullopt;
  if (!parsed.set(CURLUPART_URL, reference, CURLU_URLENCODE)) return std::nullopt;
  return parsed.get(CURLUPART_URL);
}

std::string percent_encode(std::string_view text) { return encode(text, "-._~"); }

std::string percent_encode_path(std::string_view path) { return encode(path, "-._~/"); }

std::string without_secrets(std::string_view url) {
  std::string shown(url.substr(0, url.find_first_of("?#")));
  const std::size_t scheme_end = shown.find("://");
  if (scheme_end == std::string::npos) return shown;
  const std::size_t authority = scheme_end + 3;
  const std::size_t at = shown.substr(0, shown.find('/', authority)).rfind('@');
  if (at != std::string::npos && at >= authority) shown.erase(authority, at + 1 - authority);
  return shown;
}

}  // namespace bv2::hub
