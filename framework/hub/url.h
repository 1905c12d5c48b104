// Addresses: taking them apart, putting them together, and showing them without what is secret in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bv2::hub {

struct UrlParts {
  std::string scheme;  ///< lower case
  std::string host;    ///< lower case
  std::string port;    ///< the scheme's own where none is given
  bool has_user = false;
  bool has_query = false;  ///< or a fragment
};

/// Nothing where it is not an absolute address.
std::optional<UrlParts> split_url(const std::string& url);

/// Whether a credential for one may be sent to the other: same scheme, host and port.
bool same_origin(const std::string& a, const std::string& b);

/// What a reference such as a Location header means when found at `base`. Nothing where it is malformed.
std::optional<std::string> resolve_reference(const std::string& base, const std::string& reference);

/// Percent-encodes all but letters, digits and -._~ (RFC 3986, unreserved).
std::string percent_encode(std::string_view text);
/// The same, but leaves the slashes between the parts of a path.
std::string percent_encode_path(std::string_view path);

/// For messages and logs: without user and password, and without the query, where storage services put
/// their signatures.
std::string without_secrets(std::string_view url);

}  // namespace bv2::hub
