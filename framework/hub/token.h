// The access token: where it comes from, and how it is kept out of everything that people read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "framework/hub/environment.h"

namespace bv2::hub {

/// A token with the name of the place it came from. It has no way into a stream or a format: only `reveal`
/// gives it away, and only the HTTP client calls that.
class Token {
 public:
  Token() = default;
  /// `value` without surrounding white space. Throws UsageError, which does not show it, where it has
  /// characters that no header may have.
  Token(std::string_view value, std::string source);

  [[nodiscard]] bool empty() const { return value_.empty(); }
  /// "--token", "HF_TOKEN" or the file that it was read from.
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const std::string& reveal() const { return value_; }

  [[nodiscard]] bool occurs_in(std::string_view text) const;
  /// `text` with *** wherever it has this token, or what looks like another one (hf_...).
  [[nodiscard]] std::string redact(std::string text) const;

 private:
  std::string value_;
  std::string source_;
};

/// `--token`, else HF_TOKEN, else the token file of the Hub's own tools; empty where there is none. Throws
/// Error when the token file exists and cannot be read.
Token find_token(const std::optional<std::string>& option, const Environment& environment);

}  // namespace bv2::hub
