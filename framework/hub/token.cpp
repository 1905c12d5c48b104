// The access token: where it comes from, and how it is kept out of everything that people read.
#include "framework/hub/token.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "framework/hub/locations.h"

namespace bv2::hub {
namespace {

constexpr std::string_view mask = "***";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const std::size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) + 1 - first);
}

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Tokens of people and organisations start so; shorter ones are ordinary words (hf_hub).
std::string redact_lookalikes(std::string text) {
  constexpr std::string_view prefix = "hf_";
  constexpr std::size_t least_length = 20;
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
    std::size_t end = at + prefix.size();
    while (end < text.size() && is_token_character(text[end])) ++end;
    if (end - at >= least_length) text.replace(at, end - at, mask);
  }
  return text;
}

}  // namespace

Token::Token(std::string_view value, std::string source)
    : value_(trimmed(value)), source_(std::move(source)) {
  const bool sendable =
      std::all_of(value_.begin(), value_.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!sendable)
    fail<UsageError>("{}: this is no token: it has white space or other control characters", source_);
}

bool Token::occurs_in(std::string_view text) const {
  return !value_.empty() && text.find(value_) != std::string_view::npos;
}

std::string Token::redact(std::string text) const {
  if (!value_.empty()) {
    for (std::size_t at = text.find(value_); at != std::string::npos; at = text.find(value_, at)) {
      text.replace(at, value_.size(), mask);
      at += mask.size();
    }
  }
  return redact_lookalikes(std::move(text));
}

Token find_token(const std::optional<std::string>& option, const Environment& environment) {
  if (option) {
    Token token(*option, "--token");
    if (token.empty()) fail<UsageError>("--token: it is empty");
    return token;
  }
  if (const auto value = environment.get("HF_TOKEN")) {
    Token token(*value, "HF_TOKEN");
    if (!token.empty()) return token;
  }
  // Without a home folder there is no token file, which is no fault: most downloads need no token.
  if (!environment.first_of({"HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME", "HOME"})) return {};
  const std::filesystem::path path = token_file(environment);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  return Token(read_file(path), path.string());
}

}  // namespace bv2::hub
