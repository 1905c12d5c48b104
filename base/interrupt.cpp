// Ctrl-C as a value that is passed along.
#include "base/interrupt.h"

#include <unistd.h>

namespace bv2 {
namespace {

// A signal handler has no argument to find the flag by.
std::atomic<InterruptFlag*> signalled_flag{nullptr};
static_assert(std::atomic<InterruptFlag*>::is_always_lock_free, "a signal handler reads it");

void on_signal(int signal) {
  InterruptFlag* const flag = signalled_flag.load();
  if (flag == nullptr || flag->raised()) ::_exit(128 + signal);  // documents are always whole on the disk
  flag->raise();
}

}  // namespace

InterruptSignals::InterruptSignals(InterruptFlag& flag) {
  signalled_flag.store(&flag);
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    ::sigaction(handled_signals[i], nullptr, &previous_[i]);
    if (previous_[i].sa_handler == SIG_IGN) continue;  // nohup, or a job in the background
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(handled_signals[i], &action, nullptr);
  }
}

InterruptSignals::~InterruptSignals() {
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    ::sigaction(handled_signals[i], &previous_[i], nullptr);
  }
  signalled_flag.store(nullptr);
}

}  // namespace bv2
