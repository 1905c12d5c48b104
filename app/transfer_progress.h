// What is shown while files come from the Hub or go to it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/console.h"
#include "base/clock.h"
#include "framework/hub/transfer_status.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace bv2::app {

/// A bar on a terminal, which goes with this object; where there is none a line at most every ten seconds.
class TransferProgress {
 public:
  TransferProgress(Console& console, std::shared_ptr<spdlog::logger> log,
                   std::function<std::int64_t()> now_ns = monotonic_now_ns);
  ~TransferProgress();
  TransferProgress(const TransferProgress&) = delete;
  TransferProgress& operator=(const TransferProgress&) = delete;

  void show(const hub::TransferStatus& status);

 private:
  Console& console_;
  std::shared_ptr<spdlog::logger> log_;
  std::function<std::int64_t()> now_ns_;
  std::int64_t last_line_ns_;
};

}  // namespace bv2::app
