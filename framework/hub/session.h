// What all requests of one task share.
#pragma once

#include <chrono>
#include <string>

#include "framework/hub/options.h"
#include "framework/hub/token.h"

namespace bv2::hub {

/// The options with what follows from them and the environment. Thread-safe.
struct Session {
  /// Throws UsageError or Error where HF_ENDPOINT or the token cannot be used.
  explicit Session(const HubOptions& chosen);

  HubOptions options;
  std::string endpoint;  ///< without final slash
  Token token;

  /// Throws Interrupted once the user asked to end.
  void throw_if_interrupted() const;
  /// Sleeps, and wakes up to throw Interrupted.
  void wait(std::chrono::milliseconds duration) const;
  /// Lines for the logger, if there is one, with the token masked.
  void debug(const std::string& line) const;
  void info(const std::string& line) const;
  void warn(const std::string& line) const;
};

}  // namespace bv2::hub
