// Messages over a socket between a run and its worker's process: a length, then a JSON document.
#include "framework/worker/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

namespace bv2 {
namespace {

/// What a message begins with: a mark, so that anything else is found out at once, and its length.
struct Header {
  std::array<char, 4> mark{'B', 'V', '2', 'W'};
  std::uint32_t size = 0;
};
static_assert(sizeof(Header) == 8 && std::has_unique_object_representations_v<Header>);

constexpr std::uint32_t largest_message = 1U << 30U;

}  // namespace

Channel::~Channel() { ::close(fd_); }

void Channel::send(const Json& message) const {
  const std::string text = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > largest_message) fail<BrokenChannel>("a message of {} bytes is too long", text.size());
  const Header header{.size = static_cast<std::uint32_t>(text.size())};
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes += text;
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail<BrokenChannel>("cannot be written to: {}", std::strerror(errno));
    sent += static_cast<std::size_t>(count);
  }
}

std::optional<Json> Channel::receive(const std::function<void(int fd)>& wait) const {
  Header header;
  if (!read_all(reinterpret_cast<char*>(&header), sizeof header, wait)) return std::nullopt;
  if (header.mark != Header{}.mark || header.size > largest_message) {
    fail<BrokenChannel>("sent something that is no message");
  }
  std::string text(header.size, '\0');
  if (!read_all(text.data(), text.size(), wait)) fail<BrokenChannel>("closed in the middle of a message");
  try {
    return parse_json(text, "a message");
  } catch (const Error& error) {
    throw BrokenChannel(error.what());
  }
}

bool Channel::read_all(char* to, std::size_t size, const std::function<void(int fd)>& wait) const {
  for (std::size_t got = 0; got < size;) {
    if (wait) wait(fd_);
    const ssize_t count = ::read(fd_, to + got, size - got);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) fail<BrokenChannel>("cannot be read from: {}", std::strerror(errno));
    if (count == 0 && got == 0) return false;
    if (count == 0) fail<BrokenChannel>("closed in the middle of a message");
    got += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace bv2
