// The two streams of the program: results on stdout; on stderr lines, and one status line on a terminal.
#include "app/console.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "app/table.h"
#include "base/error.h"

namespace bv2::app {
namespace {

constexpr std::string_view erase_line = "\r\x1b[2K";

/// False, with errno, when not all could be written.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool is_capable_terminal(int fd) {
  const char* kind = std::getenv("TERM");
  return ::isatty(fd) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::string_view cut(std::string_view text, std::size_t width) {
  while (display_width(text) > width) text.remove_suffix(1);
  return text;
}

}  // namespace

void open_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) ::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
  }
}

void Output::write(std::string_view text) {
  if (reader_gone_ || write_all(STDOUT_FILENO, text)) return;
  if (errno != EPIPE) fail("cannot write the results to standard output: {}", std::strerror(errno));
  reader_gone_ = true;
}

Console::Console() : terminal_(is_capable_terminal(STDERR_FILENO)) {}

std::size_t Console::width() const {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

void Console::line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::string whole;
  if (!status_.empty()) whole += erase_line;
  whole.append(text).append("\n").append(status_);
  write_all(STDERR_FILENO, whole);
}

void Console::status(std::string_view text) {
  if (!terminal_) return;
  const std::lock_guard lock(mutex_);
  if (text.empty() && status_.empty()) return;
  status_ = cut(text, width() - 1);
  write_all(STDERR_FILENO, std::string(erase_line) + status_);
}

}  // namespace bv2::app
