// Ctrl-C as a value that is passed along: who runs for long looks at it between steps.
#pragma once

#include <array>
#include <atomic>
#include <csignal>

#include "base/error.h"

namespace bv2 {

/// Says that the user asked the run to end. Any thread and any signal handler may raise it.
class InterruptFlag {
 public:
  void raise() noexcept { raised_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool raised() const noexcept { return raised_.load(std::memory_order_relaxed); }
  /// Throws Interrupted once it is raised.
  void throw_if_raised() const {
    if (raised()) throw Interrupted();
  }

 private:
  std::atomic<bool> raised_{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");
};

/// While it lives, SIGINT, SIGTERM and SIGHUP raise the flag; a second signal ends the process at once. One
/// at a time. The flag must outlive it.
class InterruptSignals {
 public:
  explicit InterruptSignals(InterruptFlag& flag);
  ~InterruptSignals();
  InterruptSignals(const InterruptSignals&) = delete;
  InterruptSignals& operator=(const InterruptSignals&) = delete;

 private:
  static constexpr std::array handled_signals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, handled_signals.size()> previous_{};
};

}  // namespace bv2
