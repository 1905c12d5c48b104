// The two streams of the program: results on stdout; on stderr lines, and one status line on a terminal.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace bv2::app {

/// Makes sure that descriptors 0, 1 and 2 are open, so that no result file gets the number of a standard
/// stream that the caller had closed.
void open_standard_streams();

/// stdout, for results. A reader that went away (`| head`) is no error: the rest is dropped.
class Output {
 public:
  /// Throws Error when it cannot be written for another reason (disk full).
  void write(std::string_view text);

 private:
  bool reader_gone_ = false;
};

/// stderr. Thread-safe. What cannot be written there is dropped.
class Console {
 public:
  Console();

  /// Whether stderr is a terminal that can show a status line.
  [[nodiscard]] bool terminal() const { return terminal_; }
  /// Columns of the terminal.
  [[nodiscard]] std::size_t width() const;

  /// Prints a line above the status line.
  void line(std::string_view text);
  /// Replaces the status line, cut to the width; empty: none. Nothing where there is no terminal.
  void status(std::string_view text);

 private:
  std::mutex mutex_;
  bool terminal_;
  std::string status_;
};

}  // namespace bv2::app
