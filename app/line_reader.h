// Lines of a file or of stdin, given up at Ctrl-C even while nothing comes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/interrupt.h"

namespace bv2::app {

class LineReader {
 public:
  /// An empty path: stdin. Throws Error when the file cannot be opened. The flag must outlive the reader.
  LineReader(const std::filesystem::path& path, const InterruptFlag& interrupt);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line without its end; nothing after the last. Throws Interrupted once the flag is raised, Error
  /// when reading fails.
  std::optional<std::string> next();
  /// "texts.jsonl, line 3": the line that next() gave last.
  [[nodiscard]] std::string place() const;

 private:
  /// More bytes into the buffer; false at the end.
  bool fill();

  std::string name_;
  int descriptor_;
  const InterruptFlag* interrupt_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not given out yet
  std::int64_t number_ = 0;
};

}  // namespace bv2::app
