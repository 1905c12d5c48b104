// Logging: a logger that is made once and passed along; there is no global one.
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/error.h"

namespace bv2 {
namespace {

struct LevelName {
  std::string_view name;
  LogLevel level;
  spdlog::level::level_enum spdlog_level;
};
constexpr std::array level_names{
    LevelName{"DEBUG", LogLevel::debug, spdlog::level::debug},
    LevelName{"INFO", LogLevel::info, spdlog::level::info},
    LevelName{"WARNING", LogLevel::warning, spdlog::level::warn},
    LevelName{"ERROR", LogLevel::error, spdlog::level::err},
};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

class LineSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSink(std::function<void(std::string_view)> write_line) : write_line_(std::move(write_line)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    write_line_(std::string_view(text.data(), text.size()));
  }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> write_line_;
};

spdlog::sink_ptr make_file_sink(const std::filesystem::path& file) {
  try {
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string());
    sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
    return sink;
  } catch (const std::filesystem::filesystem_error& error) {
    fail("cannot write the log file '{}': {}", file.string(), error.code().message());
  } catch (const spdlog::spdlog_ex& error) {
    fail("cannot write the log file '{}': {}", file.string(), error.what());
  }
}

}  // namespace

std::optional<LogLevel> log_level_from_name(std::string_view name) {
  const auto* found = std::ranges::find_if(level_names, [&](const LevelName& candidate) {
    return std::ranges::equal(candidate.name, name, {}, {}, upper);
  });
  if (found == level_names.end()) return std::nullopt;
  return found->level;
}

std::shared_ptr<spdlog::logger> make_logger(LogLevel level, std::function<void(std::string_view)> write_line,
                                            const std::optional<std::filesystem::path>& file) {
  auto lines = std::make_shared<LineSink>(std::move(write_line));
  lines->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%l: %v", spdlog::pattern_time_type::local, std::string()));  // no newline: the writer's business
  std::vector<spdlog::sink_ptr> sinks{std::move(lines)};
  if (file) sinks.push_back(make_file_sink(*file));
  auto logger = std::make_shared<spdlog::logger>("benchmark_v2", sinks.begin(), sinks.end());
  logger->set_level(std::ranges::find(level_names, level, &LevelName::level)->spdlog_level);
  logger->flush_on(spdlog::level::debug);
  return logger;
}

}  // namespace bv2
