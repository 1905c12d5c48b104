// What all requests of one task share.
#include "framework/hub/session.h"

#include <spdlog/logger.h>

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "framework/hub/locations.h"

namespace bv2::hub {

Session::Session(const HubOptions& chosen)
    : options(chosen),
      endpoint(hub_endpoint(chosen.environment)),
      token(find_token(chosen.token, chosen.environment)) {
  options.token.reset();  // one place is enough
}

void Session::throw_if_interrupted() const {
  if (options.interrupted && options.interrupted()) throw Interrupted();
}

void Session::wait(std::chrono::milliseconds duration) const {
  throw_if_interrupted();
  if (options.http.wait) {
    options.http.wait(duration);
    return;
  }
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds slice{50};
  const auto end = Clock::now() + duration;
  while (Clock::now() < end) {
    std::this_thread::sleep_for(std::min<Clock::duration>(slice, end - Clock::now()));
    throw_if_interrupted();
  }
}

void Session::debug(const std::string& line) const {
  if (options.log != nullptr) options.log->debug(token.redact(line));
}

void Session::info(const std::string& line) const {
  if (options.log != nullptr) options.log->info(token.redact(line));
}

void Session::warn(const std::string& line) const {
  if (options.log != nullptr) options.log->warn(token.redact(line));
}

}  // namespace bv2::hub
