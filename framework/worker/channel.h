// Messages over a socket between a run and its worker's process: a length, then a JSON document.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/json.h"

namespace bv2 {

/// The other side is gone, or sends what is no message.
class BrokenChannel : public Error {
 public:
  using Error::Error;
};

/// One end of a socket pair, closed with it. Every function throws BrokenChannel.
class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void send(const Json& message) const;
  /// Sleeps until a message is there; nothing where the other side closed after its last one. `wait` is
  /// called before each piece is read, and may throw.
  [[nodiscard]] std::optional<Json> receive(const std::function<void(int fd)>& wait = {}) const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  /// False where the other side closed before the first byte.
  bool read_all(char* to, std::size_t size, const std::function<void(int fd)>& wait) const;

  int fd_;
};

}  // namespace bv2
