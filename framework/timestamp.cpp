// Times of day as documents and file names carry them.
#include "framework/timestamp.h"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace bv2 {

namespace {

/// From 1970: the clock counts nanoseconds.
constexpr std::chrono::seconds farthest =
    std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::duration::max()) -
    std::chrono::seconds(1);

}  // namespace

std::string utc_timestamp(std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     std::chrono::duration_cast<milliseconds>(time - whole).count());
}

std::optional<std::chrono::system_clock::time_point> time_of_utc_timestamp(const std::string& text) {
  std::tm utc{};
  int milliseconds = 0;
  int length = 0;
  const int fields =
      std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                  &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &milliseconds, &length);
  if (fields != 7 || static_cast<std::size_t>(length) != text.size()) return std::nullopt;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  const std::chrono::seconds since_epoch(::timegm(&utc));
  if (std::chrono::abs(since_epoch) > farthest) return std::nullopt;
  const std::chrono::system_clock::time_point time(since_epoch + std::chrono::milliseconds(milliseconds));
  return utc_timestamp(time) == text ? std::optional(time) : std::nullopt;  // not so of a 30th of February
}

std::string file_name_timestamp(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:04}{:02}{:02}_{:02}{:02}{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                     local.tm_hour, local.tm_min, local.tm_sec);
}

}  // namespace bv2
