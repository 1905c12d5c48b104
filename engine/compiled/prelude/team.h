// The team of threads: shares of work, and the barrier between steps.
#pragma once

#include <sched.h>

#include "engine/compiled/prelude/abi.h"

static inline Team team_of(const Launch* call, int thread) {
  return {thread, call->threads, call->scratch + thread * call->scratch_stride, call->arrivals, 0};
}

static inline void mark(const Launch* call, int thread, int step) {
  if (call->mark != nullptr && thread == 0) call->mark(call->engine, step);
}

// Thread t has [share(n, t), share(n, t + 1)) of n tasks.
static inline long share(long tasks, int thread, const Team& team) { return tasks * thread / team.threads; }

// Spins, since a step takes microseconds; yields where another program has the core.
static inline void wait_for_all(Team& team) {
  if (team.threads == 1) return;
  team.awaited += team.threads;
  __atomic_fetch_add(team.arrivals, 1, __ATOMIC_ACQ_REL);
  for (int spins = 0; __atomic_load_n(team.arrivals, __ATOMIC_ACQUIRE) < team.awaited; ++spins) {
    if (spins > 4096) sched_yield();
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}
