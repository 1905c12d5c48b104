// When a request is tried again, and after how long.
#include "framework/hub/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace bv2::hub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::optional<std::int64_t> leading_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return std::nullopt;
  return value;
}

/// `"api";r=0;t=55`: none remaining, 55 seconds until there are.
std::optional<seconds> rate_limit_reset(std::string_view field) {
  if (field.find(";r=0") == std::string_view::npos) return std::nullopt;
  const std::size_t at = field.find(";t=");
  if (at == std::string_view::npos) return std::nullopt;
  const auto value = leading_number(field.substr(at + 3));
  return value ? std::optional(seconds(*value)) : std::nullopt;
}

}  // namespace

bool is_passing_status(long status) {
  constexpr std::array<long, 6> passing{408, 429, 500, 502, 503, 504};
  return std::find(passing.begin(), passing.end(), status) != passing.end();
}

std::optional<seconds> asked_wait(const HttpHeaders& headers, std::chrono::system_clock::time_point now) {
  if (const auto field = headers.get("Retry-After")) {
    if (const auto value = leading_number(*field)) return seconds(*value);
    const std::time_t date = curl_getdate(field->c_str(), nullptr);
    if (date >= 0) return seconds(std::max<std::time_t>(0, date - std::chrono::system_clock::to_time_t(now)));
  }
  if (const auto field = headers.get("RateLimit")) return rate_limit_reset(*field);
  return std::nullopt;
}

Retry::Retry(const Session& session) : session_(session) {}

void Retry::progressed() { attempts_ = 1; }

bool Retry::wait_for_next(const std::string& why, std::optional<seconds> asked) {
  const HttpOptions& options = session_.options.http;
  if (attempts_ >= options.max_attempts) return false;
  if (asked && *asked > options.longest_retry_after) return false;
  const int doublings = std::min(attempts_ - 1, 20);
  const milliseconds backoff = std::min(options.longest_backoff, options.first_backoff * (1 << doublings));
  // A random part keeps clients that failed together from coming back together.
  std::uniform_real_distribution<double> part(0.5, 1.0);
  milliseconds wait(static_cast<milliseconds::rep>(part(random_) * static_cast<double>(backoff.count())));
  if (asked) wait = std::max(wait, std::chrono::duration_cast<milliseconds>(*asked));
  session_.info(fmt::format("{}: trying again in {:.1f} s (attempt {} of {})", why,
                            static_cast<double>(wait.count()) / 1000, attempts_ + 1, options.max_attempts));
  ++attempts_;
  session_.wait(wait);
  return true;
}

}  // namespace bv2::hub
