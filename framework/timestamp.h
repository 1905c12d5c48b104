// Times of day as documents and file names carry them.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace bv2 {

/// "2026-01-15T14:30:22.123Z": UTC.
std::string utc_timestamp(std::chrono::system_clock::time_point time);

/// What utc_timestamp wrote; nothing for anything else.
std::optional<std::chrono::system_clock::time_point> time_of_utc_timestamp(const std::string& text);

/// "20260115_143022": local time, for file names.
std::string file_name_timestamp(std::chrono::system_clock::time_point time);

}  // namespace bv2
