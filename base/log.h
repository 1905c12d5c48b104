// Logging: a logger that is made once and passed along; there is no global one.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace spdlog {
class logger;
}  // namespace spdlog

namespace bv2 {

enum class LogLevel { debug, info, warning, error };

/// The level of that name ("DEBUG", "info"; case does not count), if there is one.
std::optional<LogLevel> log_level_from_name(std::string_view name);

/// A logger whose lines of `level` and above go to `write_line` (without the newline; called by one thread at
/// a time) and, where `file` is given, with date and time to that file too, which is created with its missing
/// parent folders. Thread-safe. Throws Error when the file cannot be written.
std::shared_ptr<spdlog::logger> make_logger(LogLevel level, std::function<void(std::string_view)> write_line,
                                            const std::optional<std::filesystem::path>& file = std::nullopt);

}  // namespace bv2
