// Requests and responses as values.
#include "framework/hub/http_message.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace bv2::hub {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lowered;
}

}  // namespace

void HttpHeaders::add(std::string name, std::string value) {
  fields_.emplace_back(lower(name), std::move(value));
}

std::optional<std::string> HttpHeaders::get(std::string_view name) const {
  const std::string wanted = lower(name);
  const auto field =
      std::find_if(fields_.rbegin(), fields_.rend(), [&](const auto& f) { return f.first == wanted; });
  return field == fields_.rend() ? std::nullopt : std::optional<std::string>(field->second);
}

std::size_t TextBody::read(std::uint64_t offset, std::span<char> buffer) const {
  if (offset >= text_.size()) return 0;
  const std::size_t count = std::min<std::size_t>(buffer.size(), text_.size() - offset);
  std::memcpy(buffer.data(), text_.data() + offset, count);
  return count;
}

std::optional<std::string> HttpResponse::first(std::string_view name) const {
  for (const HttpHeaders& passed : redirects) {
    if (auto value = passed.get(name)) return value;
  }
  return headers.get(name);
}

}  // namespace bv2::hub
