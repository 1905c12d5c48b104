// What callers choose about the traffic with the Hub.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "framework/hub/environment.h"
#include "framework/hub/transfer_status.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace bv2::hub {

/// Patience with the network.
struct HttpOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  /// A transfer that stays below this rate for the whole window counts as a broken connection.
  std::int64_t low_speed_bytes_per_second = 1024;
  std::chrono::seconds low_speed_window{30};
  /// In a row and without progress; then it fails.
  int max_attempts = 5;
  /// Doubles from attempt to attempt, each wait being a random part (at least half) of it.
  std::chrono::milliseconds first_backoff{500};
  std::chrono::milliseconds longest_backoff{20'000};
  /// A server that asks to wait for longer is not waited for.
  std::chrono::seconds longest_retry_after{300};
  /// Waits between attempts; empty: sleeps, and wakes up when the user interrupts.
  std::function<void(std::chrono::milliseconds)> wait;
};

/// Values only, so that a caller can keep and change a copy. The functions are called from several threads:
/// `progress` by one at a time, `interrupted` by all at once.
struct HubOptions {
  std::optional<std::string> token;                ///< --token; else see find_token
  std::optional<std::filesystem::path> cache_dir;  ///< else see hub_cache
  bool offline = false;                            ///< or by HF_HUB_OFFLINE
  int parallel_transfers = 4;
  Environment environment;
  HttpOptions http;
  std::function<bool()> interrupted;                           ///< true once the user asked to end
  std::function<void(const TransferStatus& status)> progress;  ///< several times a second
  spdlog::logger* log = nullptr;                               ///< debug, info and warning lines
};

}  // namespace bv2::hub
