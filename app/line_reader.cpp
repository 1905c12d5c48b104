// Lines of a file or of stdin, given up at Ctrl-C even while nothing comes.
#include "app/line_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace bv2::app {

LineReader::LineReader(const std::filesystem::path& path, const InterruptFlag& interrupt)
    : name_(path.empty() ? "stdin" : path.string()),
      descriptor_(path.empty() ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      interrupt_(&interrupt) {
  if (descriptor_ < 0) fail("'{}' cannot be read: {}", name_, std::strerror(errno));
}

LineReader::~LineReader() {
  if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
}

bool LineReader::fill() {
  constexpr std::size_t block_bytes = std::size_t{1} << 16U;
  buffer_.erase(0, begin_);
  begin_ = 0;
  while (true) {
    interrupt_->throw_if_raised();
    // A read would go on after a signal; poll comes back.
    pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, -1) < 0 && errno == EINTR) continue;
    const std::size_t size = buffer_.size();
    buffer_.resize(size + block_bytes);
    const ssize_t count = ::read(descriptor_, buffer_.data() + size, block_bytes);
    const int error = errno;
    buffer_.resize(size + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count < 0 && error == EINTR) continue;
    if (count < 0) fail("'{}' cannot be read: {}", name_, std::strerror(error));
    return count > 0;
  }
}

std::optional<std::string> LineReader::next() {
  interrupt_->throw_if_raised();
  std::size_t searched = begin_;
  std::size_t end = buffer_.find('\n', searched);
  while (end == std::string::npos) {
    searched = buffer_.size() - begin_;
    if (!fill()) break;
    end = buffer_.find('\n', searched);
  }
  const bool last = end == std::string::npos;
  if (last && begin_ == buffer_.size()) return std::nullopt;
  std::string line = buffer_.substr(begin_, last ? std::string::npos : end - begin_);
  begin_ = last ? buffer_.size() : end + 1;
  if (line.ends_with('\r')) line.pop_back();
  ++number_;
  return line;
}

std::string LineReader::place() const { return fmt::format("{}, line {}", name_, number_); }

}  // namespace bv2::app
